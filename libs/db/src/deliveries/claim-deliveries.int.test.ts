import { DELIVERY_STATES } from '@herald/contracts';
import { highestId, lowestId, newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { acceptOne, connectForTest, newOwner } from '../reading/testing/notifications';
import { createSuppression } from '../suppressions/suppression-store';
import { claimDeliveries } from './claim-deliveries';
import { extendLeases } from './extend-leases';

const database = useTestDatabase();
const pools: Database[] = [];
let db: Database;
const owner = newOwner();

beforeAll(async () => {
  for (let n = 0; n < 4; n += 1) pools.push(await connectForTest(database.url));
  db = pools[0] as Database;
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [owner.tenantId]);
});
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const LEASE_MS = 30_000;
const claim = (ids: readonly string[], by = db) => claimDeliveries(by, ids, LEASE_MS);
const to = (count: number) => Array.from({ length: count }, (_, n) => ({ phone: `+49151123456${n + 10}` }));
const row = async (id: string) => (await db.rows('SELECT * FROM deliveries WHERE id = $1', [id]))[0]!;
const set = (id: string, columns: string) => db.rows(`UPDATE deliveries SET ${columns} WHERE id = $1`, [id]);

/** The database, noting what it was asked and what it gave. */
function watched(statements: { sql: string; params: unknown[]; rows: unknown[] }[]): Database {
  return new Proxy(db, {
    get: (target, name) =>
      name === 'prepared'
        ? async (id: string, sql: string, params: unknown[]) => {
            const rows = await target.prepared(id, sql, params);
            statements.push({ sql, params, rows });
            return rows;
          }
        : Reflect.get(target, name, target),
  });
}

describe('claimDeliveries', () => {
  it('gives everything that sending needs, and marks the row', async () => {
    const expiresAt = new Date(Date.now() + 3_600_000);
    const { id, deliveryIds } = await acceptOne(db, owner, {
      to: [{ phone: '+4915112345678', locale: 'de-DE', timezone: 'Europe/Berlin' }],
      content: { sms: { body: 'Hallo' } },
      priority: 'bulk',
      delivery: 'at_most_once',
      expiresAt: expiresAt.toISOString(),
    });
    const before = Date.now();
    const [claimed, ...more] = await claim(deliveryIds);
    expect(more).toEqual([]);
    expect(claimed).toEqual({
      id: deliveryIds[0],
      notificationId: id,
      tenantId: owner.tenantId,
      channel: 'sms',
      lane: 'bulk',
      live: true,
      policy: 'at_most_once',
      address: '+4915112345678',
      locale: 'de-DE',
      timezone: 'Europe/Berlin',
      claim: 1,
      attempt: 1,
      attemptsInPolicy: 1,
      firstDueAt: expect.any(Date),
      createdAt: expect.any(Date),
      expiresAt,
      content: { body: 'Hallo' },
      toEndpoint: false,
      suppressed: null,
      tried: null,
      unconfirmed: false,
      receiptWaitMs: null,
      traceparent: null,
    });
    const after = await row(deliveryIds[0] as string);
    expect(after).toMatchObject({ state: 'sending', claim: 1, attempts: 1 });
    const leaseMs = after.lease_until.getTime() - before;
    expect(Math.abs(leaseMs - LEASE_MS)).toBeLessThan(5000);
  });

  it('gives each delivery once, however often its job comes', async () => {
    const { deliveryIds } = await acceptOne(db, owner, { to: to(20) });
    expect((await claim(deliveryIds)).map((c) => c.id).sort()).toEqual([...deliveryIds].sort());
    expect(await claim(deliveryIds)).toEqual([]);
    expect(await claim([...deliveryIds, ...deliveryIds])).toEqual([]);
  });

  it('gives each delivery once to workers that claim at the same moment', async () => {
    for (let round = 0; round < 10; round += 1) {
      const { deliveryIds } = await acceptOne(db, owner, { to: to(40) });
      const jobs = [deliveryIds, deliveryIds.slice(10), [...deliveryIds].reverse(), deliveryIds.slice(0, 30)];
      const claimed = await Promise.all(jobs.map((ids, n) => claim(ids, pools[n])));
      expect(
        claimed
          .flat()
          .map((c) => c.id)
          .sort(),
      ).toEqual([...deliveryIds].sort());
    }
  });

  it('leaves alone what is not due yet', async () => {
    const { deliveryIds } = await acceptOne(db, owner, { to: to(2) });
    const [soon, later] = deliveryIds as [string, string];
    await set(soon, "due_at = now() + interval '500 milliseconds'");
    await set(later, "due_at = now() + interval '5 seconds'");
    const before = await row(later);
    // A ring may come a little early: clocks differ.
    expect((await claim(deliveryIds)).map((c) => c.id)).toEqual([soon]);
    expect(await row(later)).toEqual(before);
  });

  it.each(DELIVERY_STATES.filter((state) => state !== 'queued'))('leaves alone what is %s', async (state) => {
    const { deliveryIds } = await acceptOne(db, owner);
    const id = deliveryIds[0] as string;
    await set(id, `state = '${state}'`);
    const before = await row(id);
    expect(await claim(deliveryIds)).toEqual([]);
    expect(await row(id)).toEqual(before);
  });

  it('ignores ids that nobody knows', async () => {
    const { deliveryIds } = await acceptOne(db, owner);
    const ids = [newId(1), deliveryIds[0] as string, newId(Date.now() + 1e9)];
    expect((await claim(ids)).map((c) => c.id)).toEqual(deliveryIds);
    expect(await claim([newId(Date.now())])).toEqual([]);
  });

  it('reads the content of a fan-out once and gives it with each delivery', async () => {
    const body = 'Hello, all of you';
    const [one, other] = [
      await acceptOne(db, owner, { to: to(25), content: { sms: { body } } }),
      await acceptOne(db, owner, { to: to(20), content: { sms: { body: 'Something else' } } }),
    ];
    const statements: { sql: string; params: unknown[]; rows: unknown[] }[] = [];
    const claimed = await claim([...one.deliveryIds, ...other.deliveryIds], watched(statements));
    expect(claimed).toHaveLength(45);
    for (const { notificationId, content } of claimed) {
      expect(content).toEqual({ body: notificationId === one.id ? body : 'Something else' });
    }
    const withContent = statements[0]?.rows.filter((r) => (r as { content: unknown }).content !== null);
    expect(withContent).toHaveLength(2);
  });

  it('says which addresses are suppressed, for this tenant and channel and mode', async () => {
    const [bounced, fine] = to(2) as [{ phone: string }, { phone: string }];
    const suppress = { channel: 'sms', address: bounced.phone, reason: 'bounce' } as const;
    await createSuppression(db, { ...suppress, tenantId: owner.tenantId, live: true });
    const { deliveryIds } = await acceptOne(db, owner, { to: [bounced, fine] });
    const found = new Map((await claim(deliveryIds)).map((c) => [c.address, c.suppressed]));
    expect(Object.fromEntries(found)).toEqual({ [bounced.phone]: 'bounce', [fine.phone]: null });
    const elsewhere = await acceptOne(db, newOwner(), { to: [bounced] });
    const inTestMode = await acceptOne(db, { ...owner, live: false }, { to: [bounced] });
    for (const { deliveryIds: ids } of [elsewhere, inTestMode]) {
      expect(await claim(ids)).toMatchObject([{ suppressed: null }]);
    }
  });

  it('counts attempts anew after a replay, for the policy only', async () => {
    const { deliveryIds } = await acceptOne(db, owner);
    await set(deliveryIds[0] as string, 'attempts = 7, attempts_before_replay = 7, claim = 9');
    expect(await claim(deliveryIds)).toMatchObject([{ attempt: 8, attemptsInPolicy: 1, claim: 10 }]);
  });

  it.each(['force_generic_plan', 'force_custom_plan'])(
    'scans one partition of each table (%s)',
    async (mode) => {
      const { deliveryIds } = await acceptOne(db, owner, { to: to(30) });
      const statements: { sql: string; params: unknown[]; rows: unknown[] }[] = [];
      await claim(deliveryIds, watched(statements));
      const runner = db.dataSource.createQueryRunner();
      try {
        const now = Date.now();
        const ids = `'{${deliveryIds.join(',')}}'`;
        const range = `'${lowestId(now - 60_000)}', '${highestId(now)}'`;
        await runner.query(`SET plan_cache_mode = ${mode}`);
        await runner.query(`PREPARE c (uuid[], uuid, uuid, integer, uuid, uuid) AS ${statements[0]?.sql}`);
        const plan = await runner.query(
          `EXPLAIN (ANALYZE, TIMING off, COSTS off) EXECUTE c(${ids}, ${range}, 1000, ${range})`,
        );
        const lines = plan.map((line: Record<string, string>) => line['QUERY PLAN'] as string);
        const scans = (table: string) => {
          const partition = new RegExp(`Scan.* on (${table}_\\d{8}|${table}_default)\\b`);
          return new Set(lines.flatMap((line: string) => partition.exec(line)?.[1] ?? []));
        };
        const today = new Date(now).toISOString().slice(0, 10).replaceAll('-', '');
        expect([...scans('deliveries')]).toEqual([`deliveries_${today}`]);
        expect([...scans('notifications')]).toEqual([`notifications_${today}`]);
      } finally {
        await runner.query('DEALLOCATE c');
        await runner.query('RESET plan_cache_mode');
        await runner.release();
      }
    },
  );
});

describe('extendLeases', () => {
  it('extends what is held under this claim, and says what that is', async () => {
    const { deliveryIds } = await acceptOne(db, owner, { to: to(3) });
    const [held, lost, gone] = deliveryIds as [string, string, string];
    await claim(deliveryIds);
    await set(lost, 'claim = claim + 1');
    await set(gone, "state = 'sent', lease_until = NULL");
    const before = await row(held);
    const still = await extendLeases(
      db,
      deliveryIds.map((id) => ({ id, claim: 1 })),
      600_000,
    );
    expect([...still]).toEqual([held]);
    expect((await row(held)).lease_until.getTime() - before.lease_until.getTime()).toBeGreaterThan(500_000);
    expect(await row(gone)).toMatchObject({ lease_until: null });
  });
});
