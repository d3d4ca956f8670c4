import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { findLiveWebhookSecrets } from '../webhook-secrets/webhook-secret-store';
import { createTenant, findOnlyTenant, findTenant, listTenants, updateTenant } from './tenant-store';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
afterAll(() => db.close());

it('creates tenants with their first webhook secret, and knows when there is only one', async () => {
  expect(await findOnlyTenant(db)).toBeUndefined();
  const [one, two] = [newId(Date.now()), newId(Date.now() + 1)];
  const secret = { id: newId(Date.now()), secret: 'sealed' };
  const tenant = await createTenant(db, { id: one, name: 'One' }, secret);
  expect(tenant).toMatchObject({ id: one, name: 'One', disabledAt: null, createdAt: expect.any(Date) });
  expect(await findLiveWebhookSecrets(db, one)).toEqual([secret]);
  expect(await findOnlyTenant(db)).toBe(one);

  const clash = createTenant(db, { id: two, name: 'Two' }, secret);
  await expect(clash).rejects.toThrow('duplicate key');
  expect(await findTenant(db, two)).toBeUndefined();

  await createTenant(db, { id: two, name: 'Two' }, { id: newId(Date.now()), secret: 'sealed' });
  expect(await findOnlyTenant(db)).toBeUndefined();
  expect((await listTenants(db, { limit: 10 })).map((t) => t.id)).toEqual([two, one]);
  expect((await listTenants(db, { limit: 10, before: two })).map((t) => t.id)).toEqual([one]);
});

it('renames, disables and enables; disabling again keeps the time', async () => {
  const id = newId(Date.now());
  await createTenant(db, { id, name: 'Old' }, { id: newId(Date.now()), secret: 'sealed' });
  const disabled = await updateTenant(db, id, { name: 'New', disabled: true });
  expect(disabled).toMatchObject({ name: 'New', disabledAt: expect.any(Date) });
  expect(await updateTenant(db, id, { disabled: true })).toEqual(disabled);
  expect(await updateTenant(db, id, {})).toEqual(disabled);
  expect(await updateTenant(db, id, { disabled: false })).toMatchObject({ name: 'New', disabledAt: null });
  expect(await updateTenant(db, newId(Date.now()), { name: 'Nobody' })).toBeUndefined();
});
