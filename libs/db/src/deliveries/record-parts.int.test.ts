import { addressKey } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { getDelivery } from '../reading/get-delivery';
import { acceptOne, claimOne, connectForTest, newOwner } from '../reading/testing/notifications';
import { findSuppressed } from '../suppressions/find-suppressed';
import { type ClaimedDelivery } from './claim-deliveries';
import { type AttemptRecord, type OutcomeRecord, recordOutcomes } from './record-outcomes';

const database = useTestDatabase();
const owner = newOwner();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [owner.tenantId]);
});
afterAll(() => db.close());

const DEVICES = [
  { platform: 'ios', token: 'token-a' },
  { platform: 'android', token: 'token-b' },
] as const;
const keyOf = (token: string) => addressKey(owner.tenantId, 'push', token);
const suppressed = (...tokens: string[]) =>
  findSuppressed(db, { ...owner, channel: 'push' }, tokens.map(keyOf));

async function claimPush(): Promise<ClaimedDelivery> {
  const request = { to: [{ devices: [...DEVICES] }], content: { push: { title: 'T' } } };
  return claimOne(db, (await acceptOne(db, owner, request)).deliveryIds[0] as string);
}

function call(part: number, over: Partial<AttemptRecord> = {}): AttemptRecord {
  return { provider: 'apns', startedAt: new Date(), durationMs: 5, outcome: 'accepted', part, ...over };
}
const GONE = { outcome: 'permanent-address', reason: 'unregistered', code: 'apns_Unregistered' } as const;

function outcomeOf(claimed: ClaimedDelivery, over: Partial<OutcomeRecord>): OutcomeRecord {
  const { id, tenantId, claim, attempt } = claimed;
  return { id, tenantId, claim, attempt, state: 'sent', called: call(0), ...over };
}
const dead = (token: string, since?: Date) => ({
  addressKey: keyOf(token),
  reason: 'unregistered' as const,
  hint: '•••',
  since,
});

it('logs the call of each target, in order, and shows the addresses of all', async () => {
  const claimed = await claimPush();
  expect(JSON.parse(claimed.address)).toEqual(DEVICES);
  const others = [call(0, { ...GONE, facts: { platform: 'ios' } })];
  const called = call(1, { providerMessageId: 'm-1' });
  expect(await recordOutcomes(db, [outcomeOf(claimed, { called, others })])).toMatchObject([
    { id: claimed.id, state: 'sent', channel: 'push' },
  ]);
  expect(await getDelivery(db, owner, claimed.id)).toMatchObject({
    to: 'token-a, token-b',
    state: 'sent',
    providerMessageId: 'm-1',
    attempts: [
      { number: 1, outcome: 'permanent-address', code: 'apns_Unregistered', facts: { platform: 'ios' } },
      { number: 1, outcome: 'accepted', providerMessageId: 'm-1' },
    ],
  });
});

it('suppresses single targets, also when the outcome is fenced off, and never the others', async () => {
  const claimed = await claimPush();
  const since = new Date('2020-12-31T23:00:00Z');
  const stale = { ...claimed, claim: claimed.claim - 1 };
  expect(await recordOutcomes(db, [outcomeOf(stale, { dead: [dead('token-a', since)] })])).toEqual([]);
  const found = await suppressed('token-a', 'token-b');
  expect([...found]).toEqual([[keyOf('token-a'), { reason: 'unregistered', since }]]);
});

it('remembers the latest time that a target was found gone', async () => {
  const [early, late] = [new Date('2020-01-01T00:00:00Z'), new Date('2020-06-01T00:00:00Z')];
  for (const since of [late, early]) {
    const claimed = await claimPush();
    await recordOutcomes(db, [outcomeOf(claimed, { dead: [dead('token-c', since)] })]);
  }
  expect((await suppressed('token-c')).get(keyOf('token-c'))).toEqual({
    reason: 'unregistered',
    since: late,
  });
  const claimed = await claimPush();
  await recordOutcomes(db, [outcomeOf(claimed, { dead: [dead('token-c')] })]);
  const again = (await suppressed('token-c')).get(keyOf('token-c'));
  expect(again?.since.getTime()).toBeGreaterThan(late.getTime());
});

it('leaves a suppression of another reason as it is, and lists of test keys apart', async () => {
  await db.rows(
    `INSERT INTO suppressions (tenant_id, live, channel, address_key, reason, hint)
     VALUES ($1, true, 'push', decode($2, 'hex'), 'manual', '')`,
    [owner.tenantId, keyOf('token-d')],
  );
  const claimed = await claimPush();
  await recordOutcomes(db, [outcomeOf(claimed, { dead: [dead('token-d'), dead('token-e')] })]);
  const found = await suppressed('token-d', 'token-e');
  expect([found.get(keyOf('token-d'))?.reason, found.get(keyOf('token-e'))?.reason]).toEqual([
    'manual',
    'unregistered',
  ]);
  const test = await findSuppressed(db, { ...owner, live: false, channel: 'push' }, [keyOf('token-e')]);
  expect(test.size).toBe(0);
});
