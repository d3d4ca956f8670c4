import { until, useTestDatabase } from '@herald/testing';
import { Database } from '../connection/database';
import { cancelNotification } from '../controlling/cancel-notification';
import { discardDeadLetters, replayDeadLetters } from '../dead-letters/settle-dead-letters';
import { addFeedItems } from '../feed/add-feed-items';
import { confirmFeedItems } from '../feed/confirm-feed-items';
import { markFeedItems } from '../feed/mark-feed-items';
import { itemOf } from '../feed/testing/feeds';
import { getDelivery } from '../reading/get-delivery';
import { acceptOne, connectForTest, newOwner, type TestRequest } from '../reading/testing/notifications';
import { recordReceipts } from '../receipts/record-receipts';
import { newTenant } from '../tenants/testing/new-tenant';
import { type ClaimedDelivery, claimDeliveries } from './claim-deliveries';
import { extendLeases } from './extend-leases';
import { type OutcomeRecord, recordOutcomes } from './record-outcomes';

const COUNT = 30;
const database = useTestDatabase();
const owner = newOwner();
let db: Database;
let worker: Database;

/**
 * The planner takes the table of deliveries for a large one, and plans are made as for a worker: a batch's rows are looked
 * up in one partition after the other then, where in an empty table all are read and compared.
 */
beforeAll(async () => {
  db = await connectForTest(database.url);
  owner.tenantId = await newTenant(db);
  const to = Array.from({ length: 1000 }, (_, n) => ({ phone: `+49151123${10_000 + n}` }));
  for (let n = 0; n < 10; n += 1) await acceptOne(db, newOwner(), { to });
  await db.rows('ANALYZE deliveries');
  await db.rows(`
    UPDATE pg_class SET reltuples = 3000000
    WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = 'deliveries'::regclass)`);
  worker = await Database.connect({
    url: database.url,
    poolSize: 2,
    statementTimeoutMs: 20_000,
    connectTimeoutMs: 5000,
    applicationName: 'test',
    genericPlans: true,
  });
});
afterAll(async () => {
  await worker.close();
  await db.close();
});

const to = Array.from({ length: COUNT }, (_, n) => ({ phone: `+4915112345${100 + n}` }));
const accept = (request: TestRequest = {}) => acceptOne(db, owner, { to, ...request });
const claim = (ids: readonly string[]) => claimDeliveries(worker, ids, 30_000);
const outcomes = (claimed: readonly ClaimedDelivery[], over: Partial<OutcomeRecord> = {}): OutcomeRecord[] =>
  claimed.map(({ id, tenantId, claim, attempt, toEndpoint }) => ({
    ...{ id, tenantId, claim, attempt, toEndpoint },
    state: 'sent',
    called: { provider: 'twilio', startedAt: new Date(), durationMs: 1, outcome: 'accepted' },
    ...over,
  }));
async function dead(): Promise<string[]> {
  const { deliveryIds } = await accept();
  const claimed = await claim(deliveryIds);
  await recordOutcomes(db, outcomes(claimed, { state: 'dead', reason: 'retries_exhausted' }));
  return deliveryIds;
}
const statesOf = async (ids: readonly string[]) =>
  db.rows('SELECT state, count(*)::integer FROM deliveries WHERE id = ANY($1) GROUP BY state', [ids]);

const WAITING =
  "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";

/** Somebody else changes rows, the statement runs until it waits for them, and then they let them go. */
async function whileChanging<T>(change: string, params: unknown[], run: () => Promise<T>): Promise<T> {
  const other = db.dataSource.createQueryRunner();
  await other.startTransaction();
  try {
    await other.query(change, params);
    const done = run();
    done.catch(() => undefined);
    await until(async () => (await db.rows(WAITING)).length > 0, { what: 'the statement to wait for rows' });
    await other.commitTransaction();
    return await done;
  } finally {
    await other.release();
  }
}

const DELIVERIES = 'UPDATE deliveries SET updated_at = now() WHERE id = ANY($1)';
const whileTouched = <T>(ids: readonly string[], run: () => Promise<T>) =>
  whileChanging(DELIVERIES, [ids], run);

describe('a statement leaves out none of its rows when others change them at that moment', () => {
  it('claims', async () => {
    const { deliveryIds } = await accept();
    expect(await whileTouched(deliveryIds, () => claim(deliveryIds))).toHaveLength(COUNT);
  });

  it.each<[string, Partial<OutcomeRecord>]>([
    ['outcomes', {}],
    ['outcomes of events for endpoints', { toEndpoint: true }],
    ['outcomes of several targets', { dead: [{ addressKey: 'ff', reason: 'unregistered', hint: '…' }] }],
  ])('records %s', async (_name, over) => {
    const { deliveryIds } = await accept();
    const records = outcomes(await claim(deliveryIds), over);
    const written = await whileTouched(deliveryIds, () => recordOutcomes(worker, records));
    expect(written).toHaveLength(COUNT);
    expect(await statesOf(deliveryIds)).toEqual([{ state: 'sent', count: COUNT }]);
  });

  it('extends leases', async () => {
    const { deliveryIds } = await accept();
    const claimed = await claim(deliveryIds);
    const held = await whileTouched(deliveryIds, () => extendLeases(worker, claimed, 60_000));
    expect([...held].sort()).toEqual([...deliveryIds].sort());
  });

  it('cancels', async () => {
    const { id, deliveryIds } = await accept();
    const canceled = await whileTouched(deliveryIds, () => cancelNotification(worker, owner, id));
    expect(canceled?.filter(({ canceledNow }) => canceledNow)).toHaveLength(COUNT);
    expect(await statesOf(deliveryIds)).toEqual([{ state: 'canceled', count: COUNT }]);
  });

  it.each([
    ['replays', replayDeadLetters, 'queued'],
    ['discards', discardDeadLetters, 'failed'],
  ] as const)('%s dead letters', async (_name, settle, state) => {
    const ids = await dead();
    const results = await whileTouched(ids, () => settle(worker, owner, ids));
    expect(results.filter(({ outcome }) => outcome === 'settled')).toHaveLength(COUNT);
    expect(await statesOf(ids)).toEqual([{ state, count: COUNT }]);
  });

  it('applies receipts', async () => {
    const { deliveryIds } = await accept();
    await recordOutcomes(db, outcomes(await claim(deliveryIds)));
    const source = { tenantId: owner.tenantId, channel: 'sms' } as const;
    const receipts = deliveryIds.map((deliveryId) => ({ deliveryId, state: 'delivered' }) as const);
    const results = await whileTouched(deliveryIds, () => recordReceipts(worker, source, receipts));
    expect(results).toEqual(Array(COUNT).fill('applied'));
    expect(await statesOf(deliveryIds)).toEqual([{ state: 'delivered', count: COUNT }]);
  });

  it('confirms and marks items of a feed', async () => {
    const feed = { tenantId: owner.tenantId, recipient: 'user_42' };
    const inapp = { to: [{ recipient: 'user_42' }], content: { inapp: { title: 'Hello' } } };
    const ids: string[] = [];
    for (let n = 0; n < COUNT; n += 1) ids.push((await accept(inapp)).deliveryIds[0]!);
    const claimed = await claim(ids);
    const items = claimed.map(({ id, notificationId }) => itemOf(feed, { id, notificationId }));
    await addFeedItems(db, items);
    await recordOutcomes(db, outcomes(claimed));
    await whileTouched(ids, () => confirmFeedItems(worker, feed, ids));
    expect(await statesOf(ids)).toEqual([{ state: 'delivered', count: COUNT }]);
    const change = 'UPDATE feed_items SET category = $2 WHERE id = ANY($1)';
    await whileChanging(change, [ids, 'news'], () => markFeedItems(worker, feed, { ids }, 'seen'));
    for (const id of ids) {
      const types = (await getDelivery(db, owner, id))?.timeline.map(({ type }) => type);
      expect(types).toContain('seen');
    }
  });
});
