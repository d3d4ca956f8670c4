import { randomBytes } from 'node:crypto';
import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { updateTenant } from '../tenants/tenant-store';
import { newTenant } from '../tenants/testing/new-tenant';
import { createApiKey, findApiKey, listApiKeys, revokeApiKey, rotateApiKey } from './api-key-store';
import { findApiKeyByHash } from './find-api-key-by-hash';
import { LastUsed } from './last-used';

const database = useTestDatabase();
let db: Database;
let tenantId: string;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  tenantId = await newTenant(db);
});
afterAll(() => db.close());

const fresh = () => ({ id: newId(Date.now()), hash: randomBytes(32), hint: 'hk_test_abcd…wxyz' });

function create(more: { expiresAt?: Date } = {}) {
  const rights = {
    name: 'CI',
    live: false,
    scopes: ['notifications:read' as const],
    burst: 20,
    perSecond: 10,
  };
  return createApiKey(db, { ...fresh(), tenantId, ...rights, ...more });
}

const secondsFromNow = (date: Date | null | undefined) => ((date?.getTime() ?? 0) - Date.now()) / 1000;

describe('rotateApiKey', () => {
  it('makes a key with the same rights, and lets the old one live for the overlap', async () => {
    const old = await create();
    const replacement = fresh();
    const made = await rotateApiKey(db, tenantId, old.id, { replacement, overlapSeconds: 60 });
    expect(made).toMatchObject({
      ...replacement,
      tenantId,
      name: 'CI',
      live: false,
      scopes: ['notifications:read'],
      burst: 20,
      perSecond: 10,
      expiresAt: null,
      lastUsedAt: null,
      replacedBy: null,
    });
    const after = await findApiKey(db, tenantId, old.id);
    expect(after?.replacedBy).toBe(replacement.id);
    expect(secondsFromNow(after?.expiresAt)).toBeGreaterThan(50);
    expect(secondsFromNow(after?.expiresAt)).toBeLessThanOrEqual(60);
  });

  it('never makes the old one live longer, and gives the new one the same lifetime', async () => {
    const old = await create({ expiresAt: new Date(Date.now() + 100_000) });
    const made = await rotateApiKey(db, tenantId, old.id, { replacement: fresh(), overlapSeconds: 9999 });
    expect((await findApiKey(db, tenantId, old.id))?.expiresAt).toEqual(old.expiresAt);
    expect(secondsFromNow(made?.expiresAt)).toBeGreaterThan(90);
    expect(secondsFromNow(made?.expiresAt)).toBeLessThanOrEqual(100);
    const expiresAt = new Date(Date.now() + 5_000_000);
    const next = await rotateApiKey(db, tenantId, made!.id, {
      replacement: fresh(),
      overlapSeconds: 0,
      expiresAt,
    });
    expect(next?.expiresAt).toEqual(expiresAt);
    expect(secondsFromNow((await findApiKey(db, tenantId, made!.id))?.expiresAt)).toBeLessThanOrEqual(0);
  });

  it('rotates a key once, whoever asks at the same time', async () => {
    const old = await create();
    const rotations = await Promise.all(
      Array.from({ length: 5 }, () =>
        rotateApiKey(db, tenantId, old.id, { replacement: fresh(), overlapSeconds: 60 }),
      ),
    );
    const made = rotations.filter((key) => key !== undefined);
    expect(made).toHaveLength(1);
    expect(await listApiKeys(db, tenantId, { limit: 10 })).toHaveLength(2);
    expect((await findApiKey(db, tenantId, old.id))?.replacedBy).toBe(made[0]?.id);
  });

  it("refuses another tenant's, revoked and expired keys", async () => {
    const rotate = (tenant: string, id: string) =>
      rotateApiKey(db, tenant, id, { replacement: fresh(), overlapSeconds: 60 });
    const key = await create();
    expect(await rotate(await newTenant(db), key.id)).toBeUndefined();
    await revokeApiKey(db, tenantId, key.id);
    expect(await rotate(tenantId, key.id)).toBeUndefined();
    const expired = await create({ expiresAt: new Date(Date.now() - 1000) });
    expect(await rotate(tenantId, expired.id)).toBeUndefined();
  });
});

it('revokes once and only within the tenant', async () => {
  const key = await create();
  expect(await revokeApiKey(db, await newTenant(db), key.id)).toBe(false);
  expect((await findApiKey(db, tenantId, key.id))?.revokedAt).toBeNull();
  expect(await revokeApiKey(db, tenantId, key.id)).toBe(true);
  const first = await findApiKey(db, tenantId, key.id);
  expect(await revokeApiKey(db, tenantId, key.id)).toBe(true);
  expect(await findApiKey(db, tenantId, key.id)).toEqual(first);
});

it('finds a key by its hash with what authentication needs', async () => {
  const key = await create();
  expect(await findApiKeyByHash(db, key.hash)).toEqual({
    id: key.id,
    tenantId,
    live: false,
    scopes: ['notifications:read'],
    burst: 20,
    perSecond: 10,
    expiresAt: null,
    revokedAt: null,
    tenantDisabled: false,
  });
  await updateTenant(db, tenantId, { disabled: true });
  expect(await findApiKeyByHash(db, key.hash)).toMatchObject({ tenantDisabled: true });
  expect(await findApiKeyByHash(db, randomBytes(32))).toBeUndefined();
});

it('lists in pages, newest first, within the tenant', async () => {
  const keys = [await create(), await create(), await create()];
  await createApiKey(db, {
    ...fresh(),
    tenantId: await newTenant(db),
    name: 'Other',
    live: true,
    scopes: ['admin'],
    burst: 1,
    perSecond: 1,
  });
  const ids = keys
    .map((key) => key.id)
    .sort()
    .reverse();
  const page = await listApiKeys(db, tenantId, { limit: 2 });
  expect(page.map((key) => key.id)).toEqual(ids.slice(0, 2));
  const rest = await listApiKeys(db, tenantId, { limit: 2, before: ids[1] });
  expect(rest.map((key) => key.id)).toEqual(ids.slice(2));
});

describe('LastUsed', () => {
  it('writes each used key once per flush', async () => {
    const [used, unused] = [await create(), await create()];
    const lastUsed = new LastUsed(db);
    await lastUsed.flush();
    for (let n = 0; n < 3; n += 1) lastUsed.add(used.id);
    await lastUsed.flush();
    const first = (await findApiKey(db, tenantId, used.id))?.lastUsedAt;
    expect(Math.abs(secondsFromNow(first))).toBeLessThan(10);
    expect((await findApiKey(db, tenantId, unused.id))?.lastUsedAt).toBeNull();
    await lastUsed.flush();
    expect((await findApiKey(db, tenantId, used.id))?.lastUsedAt).toEqual(first);
  });

  it('keeps what could not be written', async () => {
    const key = await create();
    const lastUsed = new LastUsed(db);
    lastUsed.add(key.id);
    await db.rows('ALTER TABLE api_keys RENAME TO api_keys_away');
    try {
      await expect(lastUsed.flush()).rejects.toThrow('api_keys');
    } finally {
      await db.rows('ALTER TABLE api_keys_away RENAME TO api_keys');
    }
    await lastUsed.flush();
    expect((await findApiKey(db, tenantId, key.id))?.lastUsedAt).not.toBeNull();
  });
});
