import { type IncomingMessage, type ServerResponse } from 'node:http';
import { escapePointer, type FieldError, LIMITS } from '@herald/contracts';
import {
  type AuthFailure,
  authProblem,
  checkAccess,
  endSpan,
  isUnavailable,
  mayHoldUnstorableText,
  type Principal,
  ProblemError,
  parseJsonBytes,
  type RequestContext,
  type RequestTracker,
  readJsonBytes,
  send,
  sendError,
  startSpan,
  type TenantPrincipal,
  toProblem,
  unstorableText,
  validateQuery,
} from '@herald/platform';
import { type IngestMetrics } from '../metrics';
import { type Admission } from './admission';
import { BodyBudget } from './body-budget';
import { checkNotificationSize, MAX_NOTIFICATION_BYTES } from './body-size';
import { parseIdempotencyHeader } from './idempotency-header';
import { type Accepted, type Caller, type IntakeDeps, takeIn } from './intake';

export interface HotHandlerDeps {
  intake: IntakeDeps;
  track: RequestTracker;
  authenticate(authorization: string | undefined): Principal | AuthFailure | Promise<Principal | AuthFailure>;
  admission: Admission;
  limit(principal: TenantPrincipal, res: ServerResponse): Promise<void>;
  metrics: IngestMetrics;
  /** Bytes of bodies that may be in memory at once, see `BodyBudget`. */
  maxBodyBytes: number;
}

/** A body of 10 MiB can have a million unknown fields, and each of 1000 items as many errors as one answer tells. */
const MAX_ERRORS_IN_BATCH = 20;
/** Values of which all errors are told, in a batch and in each of its items; beyond that only the first. */
const MAX_DESCRIBED_IN_BATCH = 10_000;
const MIN_DESCRIBED = 50;

const JSON_ANSWER = { 'content-type': 'application/json; charset=utf-8' };

/**
 * Answers the two POSTs that carry the load on the raw request, ahead of Express, which alone costs several times what
 * everything else here does. Everything that decides is shared with the Express routes. Gives false for other requests.
 */
export function createHotHandler(
  deps: HotHandlerDeps,
): (req: IncomingMessage, res: ServerResponse) => boolean {
  const bodies = new BodyBudget(deps.maxBodyBytes, Math.max(MAX_NOTIFICATION_BYTES, LIMITS.batchBodyBytes));
  return (req, res) => {
    if (req.method !== 'POST') return false;
    const path = pathOf(req.url ?? '');
    if (path === '/v1/notifications') void serve(deps, bodies, req, res, path, postOne);
    else if (path === '/v1/notifications/batch') void serve(deps, bodies, req, res, path, postBatch);
    else return false;
    return true;
  };
}

/** Without the query, and without the slash at the end that Express does not mind either. */
function pathOf(url: string): string {
  const query = url.indexOf('?');
  const path = query < 0 ? url : url.slice(0, query);
  return path.endsWith('/') ? path.slice(0, -1) : path;
}

interface Request {
  body: unknown;
  bytes: Buffer;
  caller: Caller;
  headerKey: string | undefined;
}

interface Answer {
  body: string;
  replayed?: boolean;
}

async function serve(
  deps: HotHandlerDeps,
  bodies: BodyBudget,
  req: IncomingMessage,
  res: ServerResponse,
  route: '/v1/notifications' | '/v1/notifications/batch',
  run: (deps: HotHandlerDeps, request: Request, context: RequestContext) => Promise<Answer>,
): Promise<void> {
  const context = deps.track(req, res);
  context.route = route;
  try {
    const outcome = deps.authenticate(req.headers.authorization);
    const principal = outcome instanceof Promise ? await outcome : outcome;
    const tenant = requireWriter(principal);
    deps.admission.refuseWhenFull();
    await deps.limit(tenant, res);
    refuseQuery(req.url ?? '');
    const headerKey = parseIdempotencyHeader(req.headers['idempotency-key']);
    const limitBytes = route === '/v1/notifications' ? MAX_NOTIFICATION_BYTES : LIMITS.batchBodyBytes;
    const bytes = await readJsonBytes(req, limitBytes, bodies.open(tenant.tenantId, res));
    if (!bytes) throw new ProblemError('malformed-json', 'A JSON body is needed.');
    const caller = {
      tenantId: tenant.tenantId,
      keyId: tenant.keyId,
      live: tenant.live,
      requestId: context.requestId,
      traceparent: context.traceparent,
    };
    const request = { body: parseJsonBytes(bytes), bytes, caller, headerKey };
    const leave = deps.admission.enter();
    const span = startSpan('accept', context.traceparent);
    const answer = await run(deps, request, context).finally(() => {
      leave();
      endSpan(span);
    });
    if (answer.replayed) res.setHeader('idempotency-replayed', 'true');
    send(res, 202, answer.body, JSON_ANSWER);
  } catch (error) {
    logFailure(context, error);
    sendError(res, error, context.requestId);
  }
}

/** @throws ProblemError 422: neither POST takes parameters */
function refuseQuery(url: string): void {
  const at = url.indexOf('?');
  if (at < 0) return;
  const checked = validateQuery(undefined, Object.fromEntries(new URLSearchParams(url.slice(at))));
  if (!checked.ok) throw new ProblemError('validation', undefined, { errors: checked.errors });
}

function requireWriter(principal: Principal | AuthFailure): TenantPrincipal {
  if (principal.kind === 'failure') throw authProblem(principal);
  const failure = checkAccess(principal, 'notifications:write');
  if (failure) throw authProblem(failure);
  return principal as TenantPrincipal;
}

async function postOne(deps: HotHandlerDeps, { body, bytes, caller, headerKey }: Request): Promise<Answer> {
  checkNotificationSize(bytes.length, body);
  refuseUnstorable(bytes, body);
  const accepted = await takeIn(deps.intake, body, caller, headerKey);
  if (accepted.replayed) deps.metrics.replayed.inc();
  return { body: accepted.response, replayed: accepted.replayed };
}

/** Each item is answered on its own. An item without a result (Postgres away) is a problem like any other. */
async function postBatch(
  deps: HotHandlerDeps,
  { body, bytes, caller, headerKey }: Request,
  context: RequestContext,
): Promise<Answer> {
  const items = batchItems(body, headerKey);
  const suspicious = mayHoldUnstorableText(bytes);
  // 1000 items that are wrong in each of 2000 places would take seconds to describe, and everybody waits for that.
  const maxDescribed = Math.max(MIN_DESCRIBED, Math.floor(MAX_DESCRIBED_IN_BATCH / items.length));
  const intake = {
    ...deps.intake,
    validate: (item: unknown) => deps.intake.validate(item, maxDescribed),
  };
  let accepted = 0;
  const results = await Promise.all(
    items.map(async (item) => {
      try {
        if (suspicious) refuseUnstorableIn(item);
        const result = await takeIn(intake, item, caller, undefined);
        accepted += 1;
        if (result.replayed) deps.metrics.replayed.inc();
        return itemAnswer(result);
      } catch (error) {
        logFailure(context, error);
        const problem = toProblem(error);
        const errors = problem.errors?.slice(0, MAX_ERRORS_IN_BATCH);
        return JSON.stringify({ status: problem.status, problem: { ...problem, errors } });
      }
    }),
  );
  const rejected = items.length - accepted;
  return { body: `{"accepted":${accepted},"rejected":${rejected},"results":[${results.join(',')}]}` };
}

function itemAnswer({ response, replayed }: Accepted): string {
  return `{"status":202,${replayed ? '"replayed":true,' : ''}"notification":${response}}`;
}

function batchItems(body: unknown, headerKey: string | undefined): unknown[] {
  const errors: FieldError[] = [];
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new ProblemError('validation', undefined, {
      errors: [{ pointer: '', detail: 'must be an object' }],
    });
  }
  const list = (body as { notifications?: unknown }).notifications;
  if (headerKey !== undefined) {
    errors.push({
      pointer: '/headers/idempotency-key',
      detail: 'must not be given for a batch: put an idempotencyKey into each notification',
    });
  }
  if (!Array.isArray(list))
    errors.push({ pointer: '/notifications', detail: 'must be a list of notifications' });
  else if (list.length < 1 || list.length > LIMITS.batchItems) {
    errors.push({ pointer: '/notifications', detail: `must have 1 to ${LIMITS.batchItems} items` });
  }
  const unknown = Object.keys(body).filter((name) => name !== 'notifications');
  for (const name of unknown.slice(0, MAX_ERRORS_IN_BATCH)) {
    errors.push({ pointer: `/${escapePointer(name)}`, detail: 'is not a known field' });
  }
  if (errors.length > 0) throw new ProblemError('validation', undefined, { errors });
  return list as unknown[];
}

function refuseUnstorable(bytes: Buffer, body: unknown): void {
  if (mayHoldUnstorableText(bytes)) refuseUnstorableIn(body);
}

function refuseUnstorableIn(body: unknown): void {
  const errors = unstorableText(body);
  if (errors.length > 0) throw new ProblemError('validation', undefined, { errors });
}

/** What the client did wrong is in the answer, an outage was logged by who noticed it; a bug is for us. */
function logFailure(context: RequestContext, error: unknown): void {
  if (error instanceof ProblemError || isUnavailable(error)) return;
  context.log.error({ err: error }, 'request failed');
}
