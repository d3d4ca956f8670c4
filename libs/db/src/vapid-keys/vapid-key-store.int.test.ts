import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import {
  createVapidKey,
  deleteVapidKey,
  findLiveVapidKeys,
  findVapidKey,
  listVapidKeys,
  updateVapidKey,
} from './vapid-key-store';

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

const MAX = 3;
let at = 0;

/** Each in a millisecond of its own. */
function create(name: string, retireOthersAfterSeconds?: number) {
  at = Math.max(at, Date.now()) + 1;
  const key = {
    id: newId(at),
    tenantId,
    subject: 'mailto:a@example.com',
    publicKey: name,
    privateKey: 'sealed',
  };
  return createVapidKey(db, key, { max: MAX, retireOthersAfterSeconds });
}
const live = async () => (await findLiveVapidKeys(db, tenantId)).map(({ publicKey }) => publicKey);

it('has older keys beside the newest until they are deleted or expire', async () => {
  expect(await live()).toEqual([]);
  const first = await create('first');
  expect(first).toMatchObject({ tenantId, publicKey: 'first', privateKey: 'sealed', expiresAt: null });
  await create('second');
  expect(await live()).toEqual(['second', 'first']);
  await create('third', 3600);
  expect(await live()).toEqual(['third', 'second', 'first']);
  expect(await deleteVapidKey(db, tenantId, first!.id)).toBe(true);
  expect(await deleteVapidKey(db, tenantId, first!.id)).toBe(false);
  expect(await live()).toEqual(['third', 'second']);
  await create('fourth', 0);
  expect(await live()).toEqual(['fourth']);
  const all = await listVapidKeys(db, tenantId, { limit: 10 });
  expect(all.map(({ publicKey }) => publicKey)).toEqual(['fourth', 'third', 'second']);
  const rest = await listVapidKeys(db, tenantId, { limit: 1, before: all[1]?.id });
  expect(rest.map(({ publicKey }) => publicKey)).toEqual(['second']);
});

it('never lets a key live longer than it was to', async () => {
  const first = await create('first');
  await create('second', 60);
  const ends = async () => (await findVapidKey(db, tenantId, first!.id))?.expiresAt;
  const planned = await ends();
  await create('third', 3600);
  expect(await ends()).toEqual(planned);
});

it('has no more live ones than are possible, also when several are made at a time', async () => {
  const made = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((name) => create(name)));
  expect(made.filter((key) => key !== undefined)).toHaveLength(MAX);
  expect(await create('f', 60)).toBeUndefined();
  expect(await live()).toHaveLength(MAX);
  expect(await create('g', 0)).toMatchObject({ publicKey: 'g' });
  expect(await live()).toEqual(['g']);
});

it('changes what may change', async () => {
  const { id } = (await create('first'))!;
  const change = { subject: 'https://example.com', privateKey: 'sealed anew' };
  expect(await updateVapidKey(db, { tenantId, id }, change)).toBe(true);
  expect(await findLiveVapidKeys(db, tenantId)).toEqual([{ id, publicKey: 'first', ...change }]);
});

it('leaves other tenants alone', async () => {
  const { id } = (await create('first'))!;
  const other = await newTenant(db);
  const change = { subject: 'https://example.com', privateKey: 'mine' };
  expect(await updateVapidKey(db, { tenantId: other, id }, change)).toBe(false);
  expect(await deleteVapidKey(db, other, id)).toBe(false);
  expect(await findVapidKey(db, other, id)).toBeUndefined();
  expect(await findLiveVapidKeys(db, other)).toEqual([]);
  expect(await live()).toEqual(['first']);
});
