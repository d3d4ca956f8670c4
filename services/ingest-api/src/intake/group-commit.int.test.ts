import { type Acceptance, Database } from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import { ProblemError } from '@herald/platform';
import { until, useTestDatabase } from '@herald/testing';
import { GroupCommit } from './group-commit';
import { connect } from './testing/start-intake';

const database = useTestDatabase();
let db: Database;
let flushes: (readonly Acceptance[])[];
let outages: unknown[];
beforeAll(async () => {
  db = await connect(database.url);
});
beforeEach(() => {
  flushes = [];
  outages = [];
});
afterAll(() => db.close());

function groupCommit(over: { maxWaiting?: number; db?: Database } = {}): GroupCommit {
  return new GroupCommit({
    db,
    maxWaiting: 1000,
    onUnavailable: (error) => outages.push(error),
    onAccepted: (accepted) => flushes.push(accepted),
    now: Date.now,
    ...over,
  });
}

function acceptance(over: Partial<Acceptance> = {}, recipients = 1): Acceptance {
  const to = Array.from({ length: recipients }, (_, n) => ({ phone: `+49151123456${n + 10}` }));
  const tenantId = newId(Date.now());
  const plan = planNotification({ to, content: { sms: { body: 'Hello' } } }, { tenantId, now: Date.now() });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  const { notification } = plan;
  return { notification, apiKeyId: tenantId, live: true, response: `answer ${notification.id}`, ...over };
}

/** What the guard at the door would have refused: Postgres stores no U+0000. */
function poisoned(): Acceptance {
  const bad = acceptance();
  return { ...bad, notification: { ...bad.notification, metadata: { note: '\u0000' } } };
}

const stored = async (list: readonly Acceptance[]) => {
  const rows = await db.rows<{ id: string }>('SELECT id FROM notifications WHERE id = ANY($1)', [
    list.map((a) => a.notification.id),
  ]);
  return rows.map((row) => row.id).sort();
};
const idsOf = (list: readonly Acceptance[]) => list.map((a) => a.notification.id).sort();

describe('GroupCommit', () => {
  it('makes what comes together durable together, and tells of it once', async () => {
    const commit = groupCommit();
    const list = Array.from({ length: 100 }, () => acceptance());
    const results = await Promise.all(list.map((a) => commit.submit(a)));
    expect(results).toEqual(Array(100).fill({ kind: 'accepted' }));
    expect(flushes).toHaveLength(1);
    expect(idsOf(flushes.flat())).toEqual(idsOf(list));
    expect(await stored(list)).toEqual(idsOf(list));
    await commit.drained();
    expect(commit.waiting).toBe(0);
  });

  it('counts deliveries, so that a flush of fan-outs stays small', async () => {
    const commit = groupCommit();
    const list = Array.from({ length: 6 }, () => acceptance({}, 80));
    await Promise.all(list.map((a) => commit.submit(a)));
    expect(flushes.map((flush) => flush.length)).toEqual([2, 2, 2]);
  });

  it('keeps twins apart, so that the second sees what became of the first', async () => {
    const commit = groupCommit();
    const first = acceptance();
    const { tenantId } = first.notification;
    const twins = [first, acceptance(), acceptance(), acceptance()].map((a, n) => ({
      ...a,
      notification: { ...a.notification, tenantId },
      idempotency: { key: 'k', fingerprint: (n === 3 ? 'cd' : 'ab').repeat(32), keepMs: 60_000 },
    }));
    expect(await Promise.all(twins.map((twin) => commit.submit(twin)))).toEqual([
      { kind: 'accepted' },
      { kind: 'replayed', response: first.response },
      { kind: 'replayed', response: first.response },
      { kind: 'mismatch' },
    ]);
    expect(idsOf(flushes.flat())).toEqual([first.notification.id]);
  });

  it('lets a request that Postgres refuses fail alone', async () => {
    const commit = groupCommit();
    const list = Array.from({ length: 50 }, (_, n) =>
      n === 13 || n === 14 || n === 49 ? poisoned() : acceptance(),
    );
    const results = await Promise.all(list.map((a) => commit.submit(a)));
    const refused = results.flatMap((result, n) => (result.kind === 'refused' ? [n] : []));
    expect(refused).toEqual([13, 14, 49]);
    expect(results[13]).toMatchObject({ error: { code: '22P05' } });
    const good = list.filter((_, n) => !refused.includes(n));
    expect(await stored(list)).toEqual(idsOf(good));
    expect(idsOf(flushes.flat())).toEqual(idsOf(good));
    expect(outages).toEqual([]);
    expect(await commit.submit(acceptance())).toEqual({ kind: 'accepted' });
  });

  it('refuses what is more than may wait, and says when to come again', async () => {
    const commit = groupCommit({ maxWaiting: 10 });
    const results = await Promise.allSettled(Array.from({ length: 15 }, () => commit.submit(acceptance())));
    const refused = results.filter((result) => result.status === 'rejected');
    expect(results.slice(0, 10).map((result) => result.status)).toEqual(Array(10).fill('fulfilled'));
    expect(refused).toHaveLength(5);
    for (const { reason } of refused) {
      expect(reason).toBeInstanceOf(ProblemError);
      expect(reason).toMatchObject({ type: 'overloaded', status: 503, headers: { 'retry-after': '1' } });
    }
    expect(await commit.submit(acceptance())).toEqual({ kind: 'accepted' });
  });

  it('refuses all that wait when Postgres does not answer, and then at once until it tries again', async () => {
    const lock = db.dataSource.createQueryRunner();
    const hasty = await connectHasty();
    const commit = groupCommit({ db: hasty });
    await lock.startTransaction();
    await lock.query('LOCK TABLE notifications IN ACCESS EXCLUSIVE MODE');
    // Two flushes are under way and hang; the rest waits behind them.
    const list: Promise<unknown>[] = [];
    for (let n = 0; n < 8; n += 1) {
      list.push(commit.submit(acceptance({}, 200)));
      await new Promise((resolve) => setImmediate(resolve));
    }
    const startedAt = performance.now();
    const results = await Promise.allSettled(list);
    expect(performance.now() - startedAt).toBeLessThan(2500);
    expect(results.map((result) => result.status)).toEqual(Array(8).fill('rejected'));
    // Only those that were under way had to wait for the time-out.
    expect([1, 2]).toContain(outages.length);

    const again = performance.now();
    await expect(commit.submit(acceptance())).rejects.toMatchObject({ type: 'unavailable', status: 503 });
    expect(performance.now() - again).toBeLessThan(100);
    await lock.rollbackTransaction();
    await lock.release();
    await until(async () => (await commit.submit(acceptance()).catch(() => undefined))?.kind === 'accepted');
    await commit.drained();
    await hasty.close();
  });
});

function connectHasty(): Promise<Database> {
  return Database.connect({
    url: database.url,
    poolSize: 4,
    statementTimeoutMs: 400,
    connectTimeoutMs: 1000,
    applicationName: 'hasty',
  });
}
