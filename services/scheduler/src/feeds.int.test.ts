import { addFeedItems, Database, exclusively, type NewFeedItem } from '@herald/db';
import { newId } from '@herald/domain';
import { Metrics } from '@herald/platform';
import { useTestDatabase } from '@herald/testing';
import { feedRetentionMetrics, feedsTurn } from './feeds';

const DAY_MS = 86_400_000;
const database = useTestDatabase();
const go = new AbortController().signal;
let db: Database;
let metrics: Metrics;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 6,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
});
beforeEach(async () => {
  await db.rows('TRUNCATE feed_items');
  metrics = new Metrics();
});
afterAll(() => db.close());

const deps = (retentionDays = 180) => ({ db, retentionDays, metrics: feedRetentionMetrics(metrics) });
const left = async () =>
  (await db.rows<{ id: string }>('SELECT id FROM feed_items')).map(({ id }) => id).sort();
const shown = async (why: string, count: number) =>
  expect((await metrics.render()).body).toContain(`herald_feed_items_deleted_total{why="${why}"} ${count}\n`);

/** Items that came to their feed when their ids were made. */
async function addAged(days: readonly number[], over: Partial<NewFeedItem> = {}): Promise<string[]> {
  const feed = { tenantId: newId(Date.now()), recipient: 'user_42' };
  const items = days.map((age) => {
    const id = newId(Date.now() - age * DAY_MS);
    return { ...feed, id, notificationId: id, title: 'Hello', ...over };
  });
  await addFeedItems(db, items);
  await db.rows(
    "UPDATE feed_items SET created_at = now() - d.age * interval '1 day' FROM unnest($1::uuid[], $2::float8[]) d(id, age) WHERE feed_items.id = d.id",
    [items.map(({ id }) => id), days],
  );
  return items.map(({ id }) => id);
}
const EXPIRED = new Date(Date.now() - 60_000).toISOString();

it('deletes what has expired and what is old, in as many steps as it takes, and nothing else', async () => {
  await addAged(Array(1100).fill(0), { expiresAt: EXPIRED });
  await addAged(Array(1050).fill(181));
  const kept = await addAged([0, 179, 179.9]);
  await feedsTurn(deps(), go);
  expect(await left()).toEqual(kept.sort());
  await shown('expired', 1100);
  await shown('retention', 1050);
});

it('keeps items for ever when told so, unless they expire', async () => {
  const kept = await addAged([0, 4000]);
  await addAged([4000], { expiresAt: EXPIRED });
  await feedsTurn(deps(0), go);
  expect(await left()).toEqual(kept.sort());
});

it('is done by one scheduler at a time, and by none that is told to stop', async () => {
  const items = await addAged([181], { expiresAt: EXPIRED });
  await exclusively(db, 'feeds', () => feedsTurn(deps(), go));
  await feedsTurn(deps(), AbortSignal.abort());
  expect(await left()).toEqual(items);
  await Promise.all([feedsTurn(deps(), go), feedsTurn(deps(), go)]);
  expect(await left()).toEqual([]);
});

it('does not wait for an item that someone marks at the moment: it goes the next time', async () => {
  const [busy] = await addAged([181, 181]);
  const runner = db.dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query('SELECT 1 FROM feed_items WHERE id = $1 FOR UPDATE', [busy]);
  await feedsTurn(deps(), go);
  expect(await left()).toEqual([busy]);
  await runner.rollbackTransaction();
  await runner.release();
  await feedsTurn(deps(), go);
  expect(await left()).toEqual([]);
});
