import { claimDeliveries, Database } from '@herald/db';
import { newId } from '@herald/domain';
import { createLogger } from '@herald/platform';
import { until, useTestDatabase } from '@herald/testing';
import { LeaseKeeper } from './lease-keeper';
import { acceptSms } from './testing/test-worker';

const LEASE_MS = 600;
const database = useTestDatabase();
const logger = createLogger({ service: 'test', level: 'silent' });
let db: Database;
let leases: LeaseKeeper;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 4,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
});
beforeEach(() => {
  leases = new LeaseKeeper(db, LEASE_MS, logger);
});
afterEach(() => leases.stop());
afterAll(() => db.close());

async function claimed(): Promise<{ id: string; claim: number; startedAt: number }> {
  const ids = await acceptSms(db, { tenantId: newId(Date.now()) });
  const startedAt = performance.now();
  const [delivery] = await claimDeliveries(db, ids, LEASE_MS);
  if (!delivery) throw new Error('nothing was claimed');
  return { id: delivery.id, claim: delivery.claim, startedAt };
}

async function hold(): Promise<string> {
  const { id, claim, startedAt } = await claimed();
  leases.hold(id, claim, startedAt);
  return id;
}

const leaseOf = async (id: string): Promise<Date> =>
  (await db.rows('SELECT lease_until FROM deliveries WHERE id = $1', [id]))[0]?.lease_until;

describe('LeaseKeeper', () => {
  it('extends what is held for as long as it is held', async () => {
    const id = await hold();
    const first = await leaseOf(id);
    expect(leases.isSafe(id)).toBe(true);
    const startedAt = performance.now();
    await until(async () => (await leaseOf(id)) > first, { what: 'the first extension' });
    await until(() => performance.now() - startedAt > 2 * LEASE_MS);
    expect(leases.isSafe(id)).toBe(true);
    expect((await leaseOf(id)).getTime()).toBeGreaterThan(first.getTime() + LEASE_MS);
    leases.release(id, 2);
    expect(leases.size).toBe(1);
    leases.release(id, 1);
    expect([leases.isSafe(id), leases.size]).toEqual([false, 0]);
    const last = await leaseOf(id);
    await until(() => performance.now() - startedAt > 4 * LEASE_MS);
    expect(await leaseOf(id)).toEqual(last);
  });

  it('is not safe any more before the lease runs out, when it cannot be extended', async () => {
    const id = await hold();
    await db.rows('UPDATE deliveries SET claim = claim + 1 WHERE id = $1', [id]);
    const lease = await leaseOf(id);
    await until(() => !leases.isSafe(id), { everyMs: 5, what: 'the lease to be given up' });
    const [row] = await db.rows<{ early: boolean }>('SELECT now() < $1 AS early', [lease]);
    expect(row?.early).toBe(true);
    expect(await leaseOf(id)).toEqual(lease);
  });

  it('counts from before the claim, and needs a fifth of the lease to be left', async () => {
    const { id, claim } = await claimed();
    leases.stop();
    leases.hold(id, claim, performance.now() - LEASE_MS * 0.7);
    expect(leases.isSafe(id)).toBe(true);
    leases.hold(id, claim, performance.now() - LEASE_MS * 0.81);
    expect(leases.isSafe(id)).toBe(false);
  });

  it('knows nothing of what it does not hold', () => {
    expect([leases.isSafe(newId(1)), leases.size]).toEqual([false, 0]);
  });
});
