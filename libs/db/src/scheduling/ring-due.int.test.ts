import { type Lane } from '@herald/contracts';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { claimDeliveries } from '../deliveries/claim-deliveries';
import { findLostClaims } from '../deliveries/find-lost-claims';
import { acceptOne, connectForTest, newOwner, type TestRequest } from '../reading/testing/notifications';
import { findDueTenants, findHeads, promoteScheduled, ringOverdue } from './ring-due';

const database = useTestDatabase();
const pools: Database[] = [];
let db: Database;
beforeAll(async () => {
  for (let n = 0; n < 3; n += 1) pools.push(await connectForTest(database.url));
  db = pools[0] as Database;
});
beforeEach(() => db.rows('TRUNCATE deliveries, notifications'));
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const owner = newOwner();
const { tenantId } = owner;
/** The tenant's deliveries that are due for longer than this. */
const overdue = (ms: number) => ({ ...LANE, bounds: [{ tenantId, before: ago(ms) }] });
const phones = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ phone: `+49151123456${n + 10}` }));
const ago = (ms: number) => new Date(Date.now() - ms);
const LANE = { channel: 'sms', lane: 'default', limit: 1000, share: 1000 } as const;
const row = async (id: string) => (await db.rows('SELECT * FROM deliveries WHERE id = $1', [id]))[0]!;
const idsOf = (rows: { id: string }[]) => rows.map(({ id }) => id).sort();

/** Queued deliveries that became due so many milliseconds ago, one each. */
async function queued(...ages: number[]): Promise<string[]> {
  const { deliveryIds } = await acceptOne(db, owner, { to: phones(ages.length) });
  for (const [n, id] of deliveryIds.entries()) await due(id, ages[n] as number);
  return deliveryIds;
}
const due = (id: string, age: number) =>
  db.rows('UPDATE deliveries SET due_at = $2 WHERE id = $1', [id, ago(age)]);
const one = async (request: TestRequest) => (await acceptOne(db, owner, request)).deliveryIds[0] as string;

describe('findDueTenants', () => {
  const found = async () => (await findDueTenants(db, LANE)).tenantIds;

  it('names each tenant once that has something due in the lane', async () => {
    const owners = Array.from({ length: 5 }, () => newOwner());
    for (const each of owners) await acceptOne(db, each, { to: phones(7) });
    await acceptOne(db, newOwner(), { priority: 'bulk' });
    await acceptOne(db, newOwner(), { sendAt: new Date(Date.now() + 60_000).toISOString() });
    const { now, tenantIds } = await findDueTenants(db, LANE);
    expect(tenantIds).toEqual(owners.map((each) => each.tenantId).sort());
    expect(Math.abs(now.getTime() - Date.now())).toBeLessThan(2000);
  });

  it('counts what is being sent, and not what is done or due later', async () => {
    const ids = await queued(1000, 1000);
    expect(await found()).toEqual([tenantId]);
    await claimDeliveries(db, ids, 60_000);
    expect(await found()).toEqual([tenantId]);
    await db.rows("UPDATE deliveries SET state = 'queued', due_at = now() + interval '1 minute'");
    expect(await found()).toEqual([]);
    await db.rows("UPDATE deliveries SET state = 'sent', due_at = NULL");
    const { now, tenantIds } = await findDueTenants(db, LANE);
    expect([now, tenantIds]).toEqual([expect.any(Date), []]);
  });
});

describe('findHeads', () => {
  it('gives the oldest of the given deliveries that are still queued, by tenant', async () => {
    const ids = await queued(30_000, 60_000, 90_000);
    await db.rows("UPDATE deliveries SET state = 'canceled' WHERE id = $1", [ids[2]]);
    const other = newOwner();
    const { deliveryIds } = await acceptOne(db, other, {});
    const heads = await findHeads(db, [
      { tenantId, ids },
      { tenantId: other.tenantId, ids: deliveryIds },
    ]);
    expect(heads).toEqual(
      new Map([
        [tenantId, (await row(ids[1] as string)).due_at],
        [other.tenantId, (await row(deliveryIds[0] as string)).due_at],
      ]),
    );
  });

  it('knows nothing when none is queued, or none is given', async () => {
    const ids = await queued(1000);
    await db.rows("UPDATE deliveries SET state = 'sent', due_at = NULL");
    expect(await findHeads(db, [{ tenantId, ids }])).toEqual(new Map());
    expect(await findHeads(db, [])).toEqual(new Map());
  });
});

describe('ringOverdue', () => {
  it('takes what was due before, and puts it at the tail of its lane', async () => {
    const [older, old, young] = (await queued(60_000, 30_000, 1000)) as [string, string, string];
    const before = await row(young);
    const rung = await ringOverdue(db, overdue(10_000));
    expect(idsOf(rung)).toEqual([older, old].sort());
    expect(rung[0]).toEqual({ id: expect.any(String), tenantId, channel: 'sms', lane: 'default' });
    expect(await row(young)).toEqual(before);
    for (const id of [older, old]) {
      const after = await row(id);
      expect(after).toMatchObject({ state: 'queued', reason: 'rescued', claim: 0, attempts: 0 });
      expect(Date.now() - after.due_at.getTime()).toBeLessThan(5000);
    }
    expect(await ringOverdue(db, overdue(10_000))).toEqual([]);
  });

  it('keeps why it waited, when that was said', async () => {
    const [id] = (await queued(60_000)) as [string];
    await db.rows("UPDATE deliveries SET reason = 'retry_scheduled'");
    await ringOverdue(db, overdue(0));
    expect(await row(id)).toMatchObject({ reason: 'retry_scheduled' });
  });

  it('leaves other lanes, other channels and other states alone', async () => {
    const mine = await queued(60_000);
    const bulk = await one({ priority: 'bulk' });
    const email = await one({
      to: [{ email: 'ada@example.com' }],
      content: { email: { subject: 's', text: 't' } },
    });
    const sending = await one({});
    for (const id of [bulk, email, sending]) await due(id, 60_000);
    expect(await claimDeliveries(db, [sending], 60_000)).toHaveLength(1);
    expect(idsOf(await ringOverdue(db, overdue(0)))).toEqual(mine);
  });

  it('goes by the bound of each tenant, and leaves the others alone', async () => {
    const mine = await queued(60_000, 20_000);
    const [other, third] = [newOwner(), newOwner()];
    const theirs = (await acceptOne(db, other, {})).deliveryIds;
    const untouched = (await acceptOne(db, third, {})).deliveryIds;
    for (const id of [...theirs, ...untouched]) await due(id, 60_000);
    const bounds = [
      { tenantId, before: ago(30_000) },
      { tenantId: other.tenantId, before: ago(0) },
    ];
    const rung = await ringOverdue(db, { ...LANE, bounds });
    expect(idsOf(rung)).toEqual([mine[0] as string, ...theirs].sort());
    expect(await ringOverdue(db, { ...LANE, bounds: [] })).toEqual([]);
  });

  it('takes so many of each tenant', async () => {
    const mine = await queued(60_000, 50_000, 40_000);
    const other = newOwner();
    const theirs = (await acceptOne(db, other, {})).deliveryIds;
    for (const id of theirs) await due(id, 30_000);
    const bounds = [tenantId, other.tenantId].map((id) => ({ tenantId: id, before: ago(0) }));
    const rung = await ringOverdue(db, { ...LANE, bounds, share: 2 });
    expect(idsOf(rung)).toEqual([...mine.slice(0, 2), ...theirs].sort());
  });

  it('takes the longest overdue first, so many at a time', async () => {
    const ids = await queued(...Array.from({ length: 30 }, (_, n) => 60_000 + n * 1000));
    const rounds: string[][] = [];
    for (let round = 0; round < 4; round += 1) {
      rounds.push(idsOf(await ringOverdue(db, { ...overdue(30_000), share: 10 })));
    }
    const oldestFirst = [...ids].reverse();
    const expected = [0, 10, 20].map((from) => oldestFirst.slice(from, from + 10).sort());
    expect(rounds).toEqual([...expected, []]);
  });

  it('gives each delivery to one of several schedulers', async () => {
    const ids = await queued(...Array.from({ length: 60 }, () => 60_000));
    const rung = await Promise.all(pools.map((pool) => ringOverdue(pool, overdue(30_000))));
    expect(idsOf(rung.flat())).toEqual([...ids].sort());
  });

  it('does not wait for what somebody else is working on', async () => {
    const ids = await queued(60_000, 50_000, 40_000);
    const lock = db.dataSource.createQueryRunner();
    await lock.startTransaction();
    try {
      await lock.query('SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE', [ids[0]]);
      const rung = await ringOverdue(db, overdue(30_000));
      expect(idsOf(rung)).toEqual(ids.slice(1).sort());
    } finally {
      await lock.rollbackTransaction();
      await lock.release();
    }
  });
});

describe('promoteScheduled', () => {
  const upTo = (limit: number, lane: Lane = 'default') => ({ lane, limit });
  const at = (ms: number) => new Date(Date.now() + ms).toISOString();
  const wake = (id: string, age: number) =>
    db.rows('UPDATE deliveries SET wake_at = $2 WHERE id = $1', [id, ago(age)]);

  it('queues what has come due, and nothing else', async () => {
    const [now, later] = [await one({ sendAt: at(3_600_000) }), await one({ sendAt: at(3_600_000) })];
    const waiting = await one({});
    await wake(now, 10);
    expect(await promoteScheduled(db, upTo(100))).toEqual([
      { id: now, tenantId, channel: 'sms', lane: 'default' },
    ]);
    const after = await row(now);
    expect(after).toMatchObject({ state: 'queued', reason: null, wake_at: null });
    expect(Date.now() - after.due_at.getTime()).toBeLessThan(5000);
    expect(await row(later)).toMatchObject({ state: 'scheduled', due_at: null });
    expect(await row(waiting)).toMatchObject({ state: 'queued', reason: null });
    expect(await promoteScheduled(db, upTo(100))).toEqual([]);
    expect(await claimDeliveries(db, [now, later], 1000)).toHaveLength(1);
  });

  it('takes one lane', async () => {
    const [urgent, usual] = [
      await one({ sendAt: at(3_600_000), priority: 'critical' }),
      await one({ sendAt: at(3_600_000) }),
    ];
    for (const id of [urgent, usual]) await wake(id, 10);
    expect(idsOf(await promoteScheduled(db, upTo(100, 'critical')))).toEqual([urgent]);
    expect(await promoteScheduled(db, upTo(100, 'bulk'))).toEqual([]);
    expect(idsOf(await promoteScheduled(db, upTo(100)))).toEqual([usual]);
  });

  it('keeps the reason of a retry', async () => {
    const id = await one({ sendAt: at(3_600_000) });
    await db.rows("UPDATE deliveries SET reason = 'retry_scheduled', attempts = 1");
    await wake(id, 10);
    await promoteScheduled(db, upTo(100));
    expect(await row(id)).toMatchObject({ state: 'queued', reason: 'retry_scheduled', attempts: 1 });
  });

  it('takes the longest overdue first, each once over several schedulers', async () => {
    const { deliveryIds } = await acceptOne(db, owner, { to: phones(60), sendAt: at(3_600_000) });
    for (const [n, id] of deliveryIds.entries()) await wake(id, 1000 + n * 1000);
    expect(idsOf(await promoteScheduled(db, upTo(10)))).toEqual(deliveryIds.slice(50).sort());
    const rest = await Promise.all(pools.map((pool) => promoteScheduled(pool, upTo(30))));
    expect(idsOf(rest.flat())).toEqual(deliveryIds.slice(0, 50).sort());
  });
});

describe('findLostClaims', () => {
  const lost = ({ upTo = ago(0), limit = 1000 }: { upTo?: Date; limit?: number } = {}) =>
    findLostClaims(db, { ...LANE, bounds: [{ tenantId, before: upTo }], limit });

  it('finds what is being sent and whose lease ran out, with what decides on it', async () => {
    const ids = await queued(60_000, 50_000, 40_000);
    const [dropped, held, waiting] = ids as [string, string, string];
    await claimDeliveries(db, [dropped], 0);
    await claimDeliveries(db, [held], 60_000);
    await db.rows(
      'UPDATE deliveries SET attempts = 5, attempts_before_replay = 3, provider = $2 WHERE id = $1',
      [dropped, 'twilio'],
    );
    expect(await lost()).toEqual([
      {
        id: dropped,
        toEndpoint: false,
        tenantId: owner.tenantId,
        claim: 1,
        attempt: 5,
        attemptsInPolicy: 2,
        channel: 'sms',
        policy: 'at_least_once',
        provider: 'twilio',
        firstDueAt: expect.any(Date),
        expiresAt: null,
        leaseUntil: expect.any(Date),
        now: expect.any(Date),
      },
    ]);
    expect(await row(waiting)).toMatchObject({ state: 'queued' });
  });

  it('looks no further than it is told to, at the oldest first', async () => {
    const ids = await queued(60_000, 50_000, 40_000);
    await claimDeliveries(db, ids, 0);
    expect((await lost({ upTo: ago(45_000) })).map(({ id }) => id)).toEqual(ids.slice(0, 2));
    expect((await lost({ limit: 1 })).map(({ id }) => id)).toEqual(ids.slice(0, 1));
    expect(await findLostClaims(db, { ...overdue(0), lane: 'bulk' })).toEqual([]);
  });
});
