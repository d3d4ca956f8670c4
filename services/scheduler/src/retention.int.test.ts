import { acceptNotifications, Database, getNotification, partitionFigures } from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import { createLogger, Metrics } from '@herald/platform';
import { until, useTestDatabase } from '@herald/testing';
import { partitionsTurn, type RetentionDeps, retentionTurn } from './retention';
import { retentionMetrics } from './retention-metrics';

const DAY_MS = 86_400_000;
const database = useTestDatabase();
const tenantId = newId(Date.now());
const owner = { tenantId, live: true };
const go = new AbortController().signal;
let db: Database;
let metrics: Metrics;
let deps: RetentionDeps;

beforeAll(async () => {
  db = await connect();
});
beforeEach(async () => {
  await db.rows('TRUNCATE notifications, deliveries');
  metrics = new Metrics();
  deps = depsOf(db);
});
afterAll(() => db.close());

const connect = () =>
  Database.connect({
    url: database.url,
    poolSize: 4,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
const depsOf = (on: Database): RetentionDeps => ({
  db: on,
  logger: createLogger({ service: 'test', level: 'silent' }),
  metrics: retentionMetrics(metrics),
  retentionDays: 90,
  partitionDaysAhead: 7,
});
const daysAgo = (days: number) => Date.now() - days * DAY_MS;
const makeDay = (ms: number) => db.rows('SELECT herald_ensure_partitions($1, 1)', [new Date(ms)]);
async function accept(now: number, settled = true): Promise<string> {
  const content = { sms: { body: 'Hello' } };
  const plan = planNotification({ to: [{ phone: '+4915112345678' }], content }, { tenantId, now });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  await acceptNotifications(db, [
    { notification: plan.notification, apiKeyId: tenantId, live: true, response: '' },
  ]);
  const { id, deliveries } = plan.notification;
  if (settled) {
    await db.rows("UPDATE deliveries SET state = 'sent', due_at = NULL WHERE id = $1", [deliveries[0]?.id]);
  }
  return id;
}
const found = async (id: string) => (await getNotification(db, owner, id)) !== undefined;
const shown = async (line: string) => expect((await metrics.render()).body).toContain(`${line}\n`);

it('drops what is past its retention, in partitions and in the default ones, and keeps the rest', async () => {
  for (const days of [300, 95, 89]) await makeDay(daysAgo(days));
  const old = [await accept(daysAgo(300)), await accept(daysAgo(95)), await accept(daysAgo(200))];
  const kept = [await accept(daysAgo(89)), await accept(daysAgo(88)), await accept(Date.now())];
  await retentionTurn(deps, go);
  for (const id of old) expect(await found(id)).toBe(false);
  for (const id of kept) expect(await found(id)).toBe(true);
  await shown('herald_partitions_dropped_total 10');
  await shown('herald_retention_waiting_days 0');
});

it('lets a day wait for its open deliveries and goes on with the others', async () => {
  for (const days of [120, 119]) await makeDay(daysAgo(days));
  const open = await accept(daysAgo(120), false);
  const settled = await accept(daysAgo(119));
  await retentionTurn(deps, go);
  expect([await found(open), await found(settled)]).toEqual([true, false]);
  await shown('herald_retention_waiting_days 1');
  await db.rows("UPDATE deliveries SET state = 'sent', due_at = NULL WHERE due_at IS NOT NULL");
  await retentionTurn(deps, go);
  expect(await found(open)).toBe(false);
  await shown('herald_retention_waiting_days 0');
});

it('keeps everything when the retention is 0', async () => {
  await makeDay(daysAgo(400));
  const ids = [await accept(daysAgo(400)), await accept(daysAgo(500))];
  await retentionTurn({ ...deps, retentionDays: 0 }, go);
  for (const id of ids) expect(await found(id)).toBe(true);
  await retentionTurn(deps, go);
  for (const id of ids) expect(await found(id)).toBe(false);
});

it('is the work of one of several schedulers', async () => {
  for (const days of [150, 151]) await makeDay(daysAgo(days));
  const ids = [await accept(daysAgo(150)), await accept(daysAgo(151))];
  const others = [await connect(), await connect()];
  try {
    await Promise.all([db, ...others].map((each) => retentionTurn(depsOf(each), go)));
  } finally {
    for (const each of others) await each.close();
  }
  for (const id of ids) expect(await found(id)).toBe(false);
  await shown('herald_partitions_dropped_total 10');
});

it('stops between two days when it is told to', async () => {
  for (const days of [160, 161, 162]) await makeDay(daysAgo(days));
  const stopping = new AbortController();
  const turn = retentionTurn(deps, stopping.signal);
  await until(async () => /dropped_total [1-9]/.test((await metrics.render()).body));
  stopping.abort();
  await expect(turn).rejects.toThrow('aborted');
  await shown('herald_partitions_dropped_total 5');
});

it('makes the days ahead and shows how far they reach', async () => {
  await partitionsTurn({ ...deps, partitionDaysAhead: 12 }, go);
  expect(await partitionFigures(db)).toMatchObject({ daysAhead: 12 });
  await accept(Date.now() + 30 * DAY_MS);
  await partitionsTurn({ ...deps, partitionDaysAhead: 12 }, go);
  await shown('herald_partition_days_ahead 12');
  await shown('herald_default_partition_rows{table="notifications"} 1');
  await shown('herald_default_partition_rows{table="events"} 0');
});
