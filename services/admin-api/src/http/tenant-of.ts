import { type FieldError, FORMATS } from '@herald/contracts';
import { type Database, findOnlyTenant, findTenant } from '@herald/db';
import {
  type Principal,
  ProblemError,
  type RouteContext,
  type RouteHandler,
  type RouteResult,
} from '@herald/platform';

const HEADER = 'herald-tenant';

type Naming = Pick<RouteContext<unknown, unknown, Principal>, 'principal' | 'query' | 'body' | 'req'>;

/** A handler of something that belongs to one tenant. */
export type TenantHandler<Body, Query> = (
  tenantId: string,
  context: RouteContext<Body, Query, Principal>,
) => Promise<RouteResult>;

/** A route handler that finds out first which tenant the request is for. */
export function forTenant<Body = unknown, Query = object>(
  db: Database,
  handler: TenantHandler<Body, Query>,
): RouteHandler<RouteContext<Body, Query, Principal>> {
  return async (context) => handler(await resolveTenant(db, context), context);
}

/**
 * The tenant that a request is for: a tenant's own, whatever key it comes with; for the operator the one named by the
 * Herald-Tenant header, `?tenantId=` or `tenantId` in the body, or else the only one there is.
 * @throws ProblemError 404 for a tenant that does not exist or is not the caller's, 422 when none or several are named
 */
export async function resolveTenant(db: Database, request: Naming): Promise<string> {
  const named = namedTenant(request);
  const { principal } = request;
  if (principal.kind === 'tenant') {
    if (named !== undefined && named !== principal.tenantId) throw noSuchTenant();
    return principal.tenantId;
  }
  if (named === undefined) return onlyTenant(db);
  if (!(await findTenant(db, named))) throw noSuchTenant();
  return named;
}

async function onlyTenant(db: Database): Promise<string> {
  const only = await findOnlyTenant(db);
  if (only) return only;
  const detail = 'is required unless there is exactly one tenant; the Herald-Tenant header serves as well';
  throw new ProblemError('validation', 'Say which tenant this is for.', {
    errors: [{ pointer: '/query/tenantId', detail }],
  });
}

function namedTenant({ req, query, body }: Naming): string | undefined {
  const header = req.get(HEADER);
  if (header !== undefined && !FORMATS.uuid.check(header)) {
    throw invalid({ pointer: `/headers/${HEADER}`, detail: `must be ${FORMATS.uuid.wants}` });
  }
  const names = [header, tenantIdIn(query), tenantIdIn(body)].filter((name) => name !== undefined);
  const ids = new Set(names.map((name) => name.toLowerCase()));
  if (ids.size > 1) {
    throw invalid({ pointer: '/query/tenantId', detail: 'must not name another tenant than header or body' });
  }
  return [...ids][0];
}

function tenantIdIn(part: unknown): string | undefined {
  return (part as { tenantId?: string } | undefined)?.tenantId;
}

function invalid(error: FieldError): ProblemError {
  return new ProblemError('validation', undefined, { errors: [error] });
}

function noSuchTenant(): ProblemError {
  return new ProblemError('not-found', 'There is no such tenant.');
}
