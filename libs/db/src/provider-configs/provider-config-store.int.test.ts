import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import { findEnabledProviders, findProviderConfig } from './find-providers';
import {
  createProviderConfig,
  deleteProviderConfig,
  findTenantProviderConfig,
  listProviderConfigs,
  updateProviderConfig,
} from './provider-config-store';

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

let at = 0;

async function create(
  name: string,
  more: { position?: number; enabled?: boolean; channel?: 'email' | 'sms' } = {},
) {
  const { position = 0, enabled = true, channel = 'email' } = more;
  at = Math.max(at, Date.now()) + 1;
  const id = newId(at);
  const row = { id, tenantId, channel, type: 'smtp', name, config: `sealed ${name}`, enabled, position };
  expect(await createProviderConfig(db, row)).toMatchObject({ kind: 'written', provider: row });
  return id;
}

it('finds the enabled ones of a channel in their order', async () => {
  await create('third', { position: 2 });
  const first = await create('first', { position: 1 });
  await create('second', { position: 1 });
  await create('disabled', { enabled: false });
  await create('other channel', { channel: 'sms' });
  const found = await findEnabledProviders(db, tenantId, 'email');
  expect(found.map((provider) => provider.name)).toEqual(['first', 'second', 'third']);
  expect(found[0]).toEqual({
    id: first,
    type: 'smtp',
    name: 'first',
    config: 'sealed first',
    position: 1,
    weight: 100,
    limits: null,
    breaker: 'auto',
    updatedAt: expect.any(Date),
  });
  expect(await findEnabledProviders(db, await newTenant(db), 'email')).toEqual([]);
});

it('finds one by its id with its tenant, disabled or not', async () => {
  const id = await create('one', { enabled: false });
  expect(await findProviderConfig(db, id)).toMatchObject({ id, tenantId, enabled: false });
  expect(await findProviderConfig(db, newId(Date.now()))).toBeUndefined();
});

it('keeps names unique within a channel of a tenant', async () => {
  const id = await create('same');
  await create('same', { channel: 'sms' });
  const clash = { id: newId(Date.now()), tenantId, channel: 'email' as const, type: 'smtp', name: 'same' };
  const rest = { config: 'x', enabled: true, position: 0 };
  expect(await createProviderConfig(db, { ...clash, ...rest })).toEqual({ kind: 'name-taken' });
  const other = await create('other');
  expect(await updateProviderConfig(db, tenantId, other, () => ({ name: 'same' }))).toEqual({
    kind: 'name-taken',
  });
  expect(await updateProviderConfig(db, tenantId, id, () => ({ name: 'same' }))).toMatchObject({
    kind: 'written',
  });
});

it('loses no change of those that happen at the same time', async () => {
  const id = await create('one');
  const before = await findTenantProviderConfig(db, tenantId, id);
  await Promise.all(
    ['a', 'b', 'c', 'd'].map((mark) =>
      updateProviderConfig(db, tenantId, id, ({ config }) => ({ config: `${config} ${mark}` })),
    ),
  );
  const after = await findTenantProviderConfig(db, tenantId, id);
  expect(after?.config.split(' ').sort()).toEqual(['a', 'b', 'c', 'd', 'one', 'sealed']);
  expect(after?.updatedAt.getTime()).toBeGreaterThanOrEqual(before!.updatedAt.getTime());
  expect(after?.createdAt).toEqual(before?.createdAt);
});

it('changes nothing when the decision throws', async () => {
  const id = await create('one');
  const refused = updateProviderConfig(db, tenantId, id, () => {
    throw new Error('no');
  });
  await expect(refused).rejects.toThrow('no');
  expect(await findTenantProviderConfig(db, tenantId, id)).toMatchObject({ name: 'one' });
});

it("does not reach another tenant's", async () => {
  const id = await create('mine');
  const stranger = await newTenant(db);
  expect(await findTenantProviderConfig(db, stranger, id)).toBeUndefined();
  expect(await updateProviderConfig(db, stranger, id, () => ({ enabled: false }))).toEqual({
    kind: 'not-found',
  });
  expect(await deleteProviderConfig(db, stranger, id)).toBe(false);
  expect(await listProviderConfigs(db, { tenantId: stranger }, { limit: 10 })).toEqual([]);
  expect(await deleteProviderConfig(db, tenantId, id)).toBe(true);
  expect(await deleteProviderConfig(db, tenantId, id)).toBe(false);
});

it('lists in pages, newest first, by channel if asked', async () => {
  const email = [await create('one'), await create('two')];
  const sms = await create('three', { channel: 'sms' });
  const ids = [...email, sms].sort().reverse();
  const list = async (channel: 'email' | undefined, page: { limit: number; before?: string }) =>
    (await listProviderConfigs(db, { tenantId, channel }, page)).map((provider) => provider.id);
  expect(await list(undefined, { limit: 2 })).toEqual(ids.slice(0, 2));
  expect(await list(undefined, { limit: 2, before: ids[1] })).toEqual(ids.slice(2));
  expect(await list('email', { limit: 10 })).toEqual([...email].sort().reverse());
});
