import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { claimDeliveries } from '../deliveries/claim-deliveries';
import { getDelivery } from '../reading/get-delivery';
import { type Owner } from '../reading/owner';
import {
  acceptOne,
  claimOne,
  connectForTest,
  newOwner,
  recordOne,
  sendOne,
  type TestOutcome,
  type TestRequest,
} from '../reading/testing/notifications';
import { applyReceipt } from '../receipts/testing/apply-receipt';
import { cancelNotification } from './cancel-notification';
import { retryDelivery } from './retry-delivery';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(() => {
  owner = newOwner();
});
afterAll(() => db.close());

async function acceptedDelivery(request?: TestRequest): Promise<string> {
  return (await acceptOne(db, owner, request)).deliveryIds[0] as string;
}

async function ended(outcome: TestOutcome): Promise<string> {
  const id = await acceptedDelivery();
  await sendOne(db, id, outcome);
  return id;
}

const DEAD: TestOutcome = {
  state: 'dead',
  reason: 'retries_exhausted',
  called: { code: 'http_503', providerMessageId: 'SM1' },
};
const hour = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

describe('retryDelivery', () => {
  it('puts a dead letter back, due now and with the policy counting anew', async () => {
    const id = await ended(DEAD);
    expect(await retryDelivery(db, owner, id)).toEqual({
      kind: 'queued',
      id,
      channel: 'sms',
      lane: 'default',
      wasDead: true,
    });
    expect(await db.rows('SELECT 1 FROM dead_letters WHERE delivery_id = $1', [id])).toEqual([]);
    const view = await getDelivery(db, owner, id);
    expect(view).toMatchObject({ state: 'queued', reason: 'replayed', nextAttemptAt: expect.any(String) });
    expect(view?.timeline.slice(-2)).toMatchObject([
      { type: 'dead', reason: 'retries_exhausted', detail: 'http_503' },
      { type: 'replayed', reason: 'replayed' },
    ]);
    expect(await claimOne(db, id)).toMatchObject({ attempt: 2, attemptsInPolicy: 1 });
  });

  it.each<[string, TestOutcome]>([
    ['failed', { state: 'failed', reason: 'invalid_address' }],
    ['a retry in Redis', { state: 'queued', reason: 'retry_scheduled', delayMs: 60_000 }],
    ['a retry in Postgres', { state: 'scheduled', reason: 'retry_scheduled', delayMs: 600_000 }],
  ])('takes %s', async (_name, outcome) => {
    const id = await ended(outcome);
    expect(await claimDeliveries(db, [id], 60_000)).toEqual([]);
    expect(await retryDelivery(db, owner, id)).toMatchObject({ kind: 'queued', wasDead: false });
    expect(await claimDeliveries(db, [id], 60_000)).toHaveLength(1);
  });

  it('forgets the receipt of the attempt before, so that the next one can be heard', async () => {
    const id = await ended({ state: 'sent', called: { providerMessageId: 'SM1' } });
    const receipt = { deliveryId: id, tenantId: owner.tenantId, channel: 'sms' } as const;
    await applyReceipt(db, {
      ...receipt,
      state: 'undelivered',
      reason: 'unreachable',
      providerMessageId: 'SM1',
    });
    expect(await retryDelivery(db, owner, id)).toMatchObject({ kind: 'queued' });
    // The same receipt, doubled: old news.
    expect(await applyReceipt(db, { ...receipt, state: 'undelivered', providerMessageId: 'SM1' })).toBe(
      'ignored',
    );
    await sendOne(db, id, { state: 'sent', called: { providerMessageId: 'SM2' } });
    expect(await getDelivery(db, owner, id)).toMatchObject({ state: 'sent', providerMessageId: 'SM2' });
    expect(await applyReceipt(db, { ...receipt, state: 'undelivered', providerMessageId: 'SM2' })).toBe(
      'applied',
    );
    expect(await getDelivery(db, owner, id)).toMatchObject({ state: 'undelivered' });
  });

  it('undoes a request to cancel, which would end the next attempt', async () => {
    const { id: notification, deliveryIds } = await acceptOne(db, owner);
    const claimed = await claimOne(db, deliveryIds[0] as string);
    await cancelNotification(db, owner, notification);
    await recordOne(db, claimed, DEAD);
    await retryDelivery(db, owner, claimed.id);
    await sendOne(db, claimed.id, { state: 'queued', reason: 'retry_scheduled', delayMs: 1000 });
    expect(await getDelivery(db, owner, claimed.id)).toMatchObject({ state: 'queued' });
  });

  it('refuses what is in hand, sent or over, naming the state', async () => {
    const due = await acceptedDelivery();
    const sending = await acceptedDelivery();
    await claimOne(db, sending);
    const canceled = await acceptOne(db, owner);
    await cancelNotification(db, owner, canceled.id);
    const results = [
      [due, { why: 'due', state: 'queued' }],
      [sending, { why: 'state', state: 'sending' }],
      [await ended({ state: 'sent' }), { why: 'state', state: 'sent' }],
      [canceled.deliveryIds[0] as string, { why: 'state', state: 'canceled' }],
      [await acceptedDelivery({ sendAt: hour(1) }), { why: 'scheduled', state: 'scheduled' }],
    ] as const;
    for (const [id, expected] of results) {
      expect(await retryDelivery(db, owner, id)).toEqual({ kind: 'refused', ...expected });
    }
  });

  it('refuses what expired and what has no address', async () => {
    const expiring = await acceptedDelivery({ expiresAt: hour(1) });
    await sendOne(db, expiring, DEAD);
    await db.rows("UPDATE deliveries SET expires_at = now() - interval '1 second' WHERE id = $1", [expiring]);
    expect(await retryDelivery(db, owner, expiring)).toMatchObject({ kind: 'refused', why: 'expired' });
    const { deliveryIds } = await acceptOne(db, owner, {
      to: [{ phone: '+4915112345678' }, { email: 'ada@example.com' }],
    });
    expect(await retryDelivery(db, owner, deliveryIds[1] as string)).toEqual({
      kind: 'refused',
      why: 'no_address',
      state: 'skipped',
    });
  });

  it('knows nothing of other tenants or of the other mode', async () => {
    const id = await ended(DEAD);
    expect(await retryDelivery(db, newOwner(), id)).toEqual({ kind: 'unknown' });
    expect(await retryDelivery(db, { ...owner, live: false }, id)).toEqual({ kind: 'unknown' });
    expect(await getDelivery(db, owner, id)).toMatchObject({ state: 'dead' });
  });

  it('happens once when asked for by several at once', async () => {
    for (let round = 0; round < 10; round += 1) {
      const id = await ended(DEAD);
      const results = await Promise.all(Array.from({ length: 6 }, () => retryDelivery(db, owner, id)));
      expect(results.filter((result) => result.kind === 'queued')).toHaveLength(1);
      const refused = results.filter((result) => result.kind === 'refused');
      expect(refused).toEqual(Array(5).fill({ kind: 'refused', why: 'due', state: 'queued' }));
      const view = await getDelivery(db, owner, id);
      expect(view?.timeline.filter((entry) => entry.type === 'replayed')).toHaveLength(1);
    }
  });
});
