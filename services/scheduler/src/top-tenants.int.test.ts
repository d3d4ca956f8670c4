import { Database } from '@herald/db';
import { newId } from '@herald/domain';
import { Metrics } from '@herald/platform';
import { useTestDatabase } from '@herald/testing';
import { topTenantMetrics, topTenantsTurn } from './top-tenants';

const MINUTE_MS = 60_000;
const database = useTestDatabase();
let db: Database;
let metrics: Metrics;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
});
beforeEach(() => {
  metrics = new Metrics();
});
afterEach(() => db.rows('TRUNCATE deliveries'));
afterAll(() => db.close());

const turn = (limit: number) =>
  topTenantsTurn({ db, limit, metrics: topTenantMetrics(metrics), now: Date.now });

/** Deliveries of a new tenant, in these states; gives the tenant. */
async function tenantWith(states: readonly string[], { ageMs = 0, live = true } = {}): Promise<string> {
  const tenantId = newId(Date.now());
  const rows = states.map((state) => ({ id: newId(Date.now() - ageMs), state }));
  await db.rows(
    `INSERT INTO deliveries (id, notification_id, tenant_id, recipient, channel, lane, live, policy, address,
       address_key, state, first_due_at)
     SELECT id, id, $2, 0, 'sms', 'default', $3, 'at_least_once', 'x', 'x', state, now()
     FROM json_to_recordset($1::json) AS r(id uuid, state text)`,
    [JSON.stringify(rows), tenantId, live],
  );
  return tenantId;
}

async function shown(name: 'deliveries' | 'failures'): Promise<Record<string, number>> {
  const { body } = await metrics.render();
  const lines = body.matchAll(new RegExp(`^herald_top_tenant_${name}\\{tenant="([^"]+)"\\} (\\d+)$`, 'gm'));
  return Object.fromEntries([...lines].map(([, tenant, value]) => [tenant, Number(value)]));
}

it('shows the tenants with the most deliveries and those with the most failures, of the last five minutes', async () => {
  const [large, middle] = [
    await tenantWith(Array(9).fill('sent')),
    await tenantWith(Array(6).fill('queued')),
  ];
  const failing = await tenantWith(['failed', 'dead', 'undelivered', 'sent']);
  await tenantWith(['dead', 'expired']);
  await tenantWith(Array(20).fill('sent'), { ageMs: 6 * MINUTE_MS });
  await tenantWith(Array(20).fill('sent'), { live: false });
  await turn(2);
  expect(await shown('deliveries')).toEqual({ [large]: 9, [middle]: 6, [failing]: 4, ...(await second()) });
  expect(Object.values(await shown('failures')).sort()).toEqual([0, 0, 1, 3]);

  /** The one with a single failure is the second by failures. */
  async function second(): Promise<Record<string, number>> {
    const others = Object.entries(await shown('failures')).filter(([, failures]) => failures === 1);
    expect(others).toHaveLength(1);
    return { [others[0]![0]]: 2 };
  }
});

it('forgets those that stand out no more, and never shows more than twice the limit', async () => {
  const before = await tenantWith(['sent']);
  await turn(3);
  expect(await shown('deliveries')).toEqual({ [before]: 1 });
  for (let n = 0; n < 5; n += 1) await tenantWith(['sent', 'sent', 'sent']);
  for (let n = 0; n < 5; n += 1) await tenantWith(['dead', 'dead']);
  await turn(3);
  expect(Object.keys(await shown('deliveries'))).toHaveLength(6);
  expect(await shown('deliveries')).not.toHaveProperty(before);
});
