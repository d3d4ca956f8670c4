import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import { findLiveWebhookSecrets, listWebhookSecrets, rotateWebhookSecret } from './webhook-secret-store';

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

/** Each in a millisecond of its own, as rotations are. */
async function rotate(name: string, overlapSeconds: number) {
  at = Math.max(at, Date.now()) + 1;
  const row = { id: newId(at), secret: name };
  return rotateWebhookSecret(db, tenantId, row, overlapSeconds);
}
const live = async () => (await findLiveWebhookSecrets(db, tenantId)).map((row) => row.secret);

it('keeps the old one live for the overlap, newest first, and two at most', async () => {
  expect(await live()).toEqual(['sealed']);
  const second = await rotate('second', 3600);
  expect(second).toMatchObject({ tenantId, secret: 'second', expiresAt: null });
  expect(await live()).toEqual(['second', 'sealed']);
  await rotate('third', 3600);
  expect(await live()).toEqual(['third', 'second']);
  await rotate('fourth', 0);
  expect(await live()).toEqual(['fourth']);
  const all = await listWebhookSecrets(db, tenantId, { limit: 10 });
  expect(all.map((row) => row.secret)).toEqual(['fourth', 'third', 'second', 'sealed']);
  const rest = await listWebhookSecrets(db, tenantId, { limit: 2, before: all[1]?.id });
  expect(rest.map((row) => row.secret)).toEqual(['second', 'sealed']);
});

it('holds to that when several rotate at the same time', async () => {
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => rotate(name, 3600)));
  expect(await live()).toHaveLength(2);
  const current = await db.rows('SELECT 1 FROM webhook_secrets WHERE tenant_id = $1 AND expires_at IS NULL', [
    tenantId,
  ]);
  expect(current).toHaveLength(1);
});

it('leaves other tenants alone', async () => {
  const other = await newTenant(db);
  await rotate('mine', 0);
  expect(await findLiveWebhookSecrets(db, other)).toMatchObject([{ secret: 'sealed' }]);
});
