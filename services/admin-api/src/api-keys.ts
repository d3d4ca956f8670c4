import {
  ADMIN_LIMITS,
  type ApiKeyDto,
  type CreateApiKeyDto,
  type CreatedApiKeyDto,
  DEFAULT_RATE_LIMIT,
  type RotateApiKeyDto,
  type TenantPageQueryDto,
} from '@herald/contracts';
import {
  type ApiKey,
  createApiKey,
  type Database,
  findApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
} from '@herald/db';
import { newId } from '@herald/domain';
import { newApiKey, type Principal, ProblemError, type RouteResult } from '@herald/platform';
import { ID_CURSOR, pageOf } from './http/page';
import { forTenant } from './http/tenant-of';

export function apiKeyHandlers({ db }: { db: Database }) {
  return {
    createApiKey: forTenant<CreateApiKeyDto>(db, async (tenantId, { body, principal }) => {
      const { name, mode, scopes, rateLimit = DEFAULT_RATE_LIMIT } = body;
      refuseLiveToTest(principal, mode);
      const expiresAt = futureTime(body.expiresAt);
      const { key, hash, hint } = newApiKey(mode);
      const id = newId(Date.now());
      const live = mode === 'live';
      const { perSecond, burst } = rateLimit;
      const row = { id, tenantId, name, hash, hint, live, scopes, perSecond, burst, expiresAt };
      return created(await createApiKey(db, row), key);
    }),

    listApiKeys: forTenant<unknown, TenantPageQueryDto>(db, async (tenantId, { query }) => {
      const find = (page: { limit: number; before?: string }) => listApiKeys(db, tenantId, page);
      return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: toView }) };
    }),

    getApiKey: forTenant(db, async (tenantId, { params }) => {
      return { status: 200, body: toView(await existing(db, tenantId, params.id as string)) };
    }),

    rotateApiKey: forTenant<RotateApiKeyDto>(db, async (tenantId, { params, body, principal }) => {
      const old = await existing(db, tenantId, params.id as string);
      refuseLiveToTest(principal, modeOf(old));
      const { key, hash, hint } = newApiKey(modeOf(old));
      const rotated = await rotateApiKey(db, tenantId, old.id, {
        replacement: { id: newId(Date.now()), hash, hint },
        overlapSeconds: body.overlapSeconds ?? ADMIN_LIMITS.defaultOverlapSeconds,
        expiresAt: futureTime(body.expiresAt),
      });
      if (!rotated) throw notRotatable(await existing(db, tenantId, old.id));
      return created(rotated, key);
    }),

    revokeApiKey: forTenant(db, async (tenantId, { params }) => {
      if (!(await revokeApiKey(db, tenantId, params.id as string))) throw new ProblemError('not-found');
      return { status: 204 };
    }),
  };
}

/** A test key must not come by a live one. @throws ProblemError 403 */
function refuseLiveToTest(principal: Principal, mode: ApiKeyDto['mode']): void {
  if (mode === 'live' && principal.kind === 'tenant' && !principal.live)
    throw new ProblemError('forbidden', 'A test key makes and rotates test keys alone.');
}

async function existing(db: Database, tenantId: string, id: string): Promise<ApiKey> {
  const key = await findApiKey(db, tenantId, id);
  if (!key) throw new ProblemError('not-found');
  return key;
}

function futureTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = new Date(text);
  if (time.getTime() > Date.now()) return time;
  throw new ProblemError('validation', undefined, {
    errors: [{ pointer: '/expiresAt', detail: 'must be in the future' }],
  });
}

function notRotatable(key: ApiKey): ProblemError {
  if (key.revokedAt) return new ProblemError('conflict', 'The key was revoked.');
  if (key.replacedBy) {
    return new ProblemError('conflict', 'The key was rotated before: rotate the key that replaced it.', {
      replacedBy: key.replacedBy,
    });
  }
  return new ProblemError('conflict', 'The key has expired.');
}

function created(row: ApiKey, key: string): RouteResult {
  const view: CreatedApiKeyDto = { ...toView(row), key };
  return { status: 201, body: view, headers: { location: `/v1/api-keys/${row.id}` } };
}

function modeOf(key: ApiKey): ApiKeyDto['mode'] {
  return key.live ? 'live' : 'test';
}

function toView(key: ApiKey): ApiKeyDto {
  return {
    id: key.id,
    tenantId: key.tenantId,
    name: key.name,
    hint: key.hint,
    mode: modeOf(key),
    scopes: key.scopes,
    rateLimit: { perSecond: key.perSecond, burst: key.burst },
    createdAt: key.createdAt.toISOString(),
    expiresAt: key.expiresAt?.toISOString(),
    revokedAt: key.revokedAt?.toISOString(),
    lastUsedAt: key.lastUsedAt?.toISOString(),
    replacedBy: key.replacedBy ?? undefined,
  };
}
