import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { cancelNotification } from '../controlling/cancel-notification';
import { acceptOne, claimOne, connectForTest, newOwner } from '../reading/testing/notifications';
import { applyReceipt } from '../receipts/testing/apply-receipt';
import { type ClaimedDelivery, claimDeliveries } from './claim-deliveries';
import { type AttemptRecord, type OutcomeRecord, recordOutcomes } from './record-outcomes';

const database = useTestDatabase();
const owner = newOwner();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [owner.tenantId]);
});
afterAll(() => db.close());

const call = (over: Partial<AttemptRecord> = {}): AttemptRecord => ({
  provider: 'twilio',
  startedAt: new Date('2030-01-31T09:30:00Z'),
  durationMs: 12.4,
  outcome: 'accepted',
  ...over,
});
const failedCall = call({ outcome: 'retry', reason: 'rate_limited', code: 'http_429' });

function outcomeOf(claimed: ClaimedDelivery, over: Partial<OutcomeRecord> = {}): OutcomeRecord {
  const { id, tenantId, claim, attempt } = claimed;
  return { id, tenantId, claim, attempt, state: 'sent', called: call(), ...over };
}
const retry: Partial<OutcomeRecord> = {
  state: 'queued',
  reason: 'retry_scheduled',
  delayMs: 0,
  called: failedCall,
};

async function claimNew(): Promise<ClaimedDelivery> {
  return claimOne(db, (await acceptOne(db, owner)).deliveryIds[0] as string);
}

const record = (...records: OutcomeRecord[]) => recordOutcomes(db, records);
const row = async (id: string) =>
  (await db.rows('SELECT *, now() AS now FROM deliveries WHERE id = $1', [id]))[0]!;
const attempts = (id: string) =>
  db.rows('SELECT * FROM attempts WHERE delivery_id = $1 ORDER BY claim', [id]);
const letters = (id: string) => db.rows('SELECT * FROM dead_letters WHERE delivery_id = $1', [id]);
const since = async (id: string, column: 'due_at' | 'wake_at') => {
  const found = await row(id);
  return found[column].getTime() - found.now.getTime();
};

describe('recordOutcomes', () => {
  it('writes what was sent, and the attempt with everything that is known of it', async () => {
    const claimed = await claimNew();
    const facts = { segments: 2, encoding: 'GSM-7', flash: false };
    const called = call({ providerMessageId: 'SM1', code: 'twilio_queued', detail: 'Queued', facts });
    expect(await record(outcomeOf(claimed, { called }))).toEqual([
      { id: claimed.id, state: 'sent', channel: 'sms', lane: 'default', sinceDueMs: expect.any(Number) },
    ]);
    expect(await row(claimed.id)).toMatchObject({
      state: 'sent',
      reason: null,
      attempts: 1,
      due_at: null,
      wake_at: null,
      lease_until: null,
      provider: 'twilio',
      provider_message_id: 'SM1',
      sent_at: expect.any(Date),
      delivered_at: null,
    });
    expect(await attempts(claimed.id)).toEqual([
      {
        delivery_id: claimed.id,
        claim: 1,
        part: 0,
        number: 1,
        tenant_id: owner.tenantId,
        provider: 'twilio',
        started_at: called.startedAt,
        duration_ms: 12,
        outcome: 'accepted',
        reason: null,
        code: 'twilio_queued',
        detail: 'Queued',
        provider_message_id: 'SM1',
        facts,
      },
    ]);
    expect(await letters(claimed.id)).toEqual([]);
  });

  it('makes a retry due after its delay: in the queue, or in its sleep', async () => {
    const [soon, later] = [await claimNew(), await claimNew()];
    await record(
      outcomeOf(soon, { ...retry, delayMs: 5000 }),
      outcomeOf(later, { ...retry, state: 'scheduled', delayMs: 600_000 }),
    );
    expect(await row(soon.id)).toMatchObject({
      state: 'queued',
      reason: 'retry_scheduled',
      wake_at: null,
      lease_until: null,
    });
    expect(Math.abs((await since(soon.id, 'due_at')) - 5000)).toBeLessThan(2000);
    expect(await row(later.id)).toMatchObject({
      state: 'scheduled',
      reason: 'retry_scheduled',
      due_at: null,
    });
    expect(Math.abs((await since(later.id, 'wake_at')) - 600_000)).toBeLessThan(2000);
    expect(await claimDeliveries(db, [soon.id, later.id], 1000)).toEqual([]);
  });

  it('numbers the attempts of a delivery', async () => {
    const first = await claimNew();
    await record(outcomeOf(first, retry));
    const second = await claimOne(db, first.id);
    await record(outcomeOf(second));
    expect(await attempts(first.id)).toMatchObject([
      { claim: 1, number: 1, outcome: 'retry', reason: 'rate_limited', code: 'http_429' },
      { claim: 2, number: 2, outcome: 'accepted', reason: null },
    ]);
    expect(await row(first.id)).toMatchObject({ state: 'sent', attempts: 2, reason: null });
  });

  it('buries a dead letter, with its reason and code', async () => {
    const claimed = await claimNew();
    await record(outcomeOf(claimed, { state: 'dead', reason: 'retries_exhausted', called: failedCall }));
    expect(await row(claimed.id)).toMatchObject({ state: 'dead', reason: 'retries_exhausted', due_at: null });
    expect(await letters(claimed.id)).toEqual([
      {
        delivery_id: claimed.id,
        notification_id: claimed.notificationId,
        tenant_id: owner.tenantId,
        channel: 'sms',
        lane: 'default',
        provider: 'twilio',
        reason: 'retries_exhausted',
        code: 'http_429',
        attempts: 1,
        created_at: expect.any(Date),
      },
    ]);
  });

  it('suppresses an address once, under the first reason', async () => {
    const [one, other, late] = [await claimNew(), await claimNew(), await claimNew()];
    const gone = (suppress: OutcomeRecord['suppress']): Partial<OutcomeRecord> => ({
      state: 'failed',
      reason: 'invalid_address',
      suppress,
      suppressHint: '+49•••678',
      called: call({ outcome: 'permanent-address' }),
    });
    await record(outcomeOf(one, gone('bounce')), outcomeOf(other, gone('bounce')));
    await record(outcomeOf(late, gone('opt_out')));
    for (const { id } of [one, other, late])
      expect(await row(id)).toMatchObject({ state: 'failed', reason: 'invalid_address' });
    expect(await db.rows('SELECT * FROM suppressions WHERE tenant_id = $1', [owner.tenantId])).toMatchObject([
      { channel: 'sms', live: true, reason: 'bounce', hint: '+49•••678' },
    ]);
    expect(await claimNew()).toMatchObject({ suppressed: 'bounce' });
    await db.rows('DELETE FROM suppressions');
  });

  it('gives back what was not begun: no attempt is counted or kept', async () => {
    const claimed = await claimNew();
    expect(
      await record(outcomeOf(claimed, { state: 'queued', delayMs: 0, called: undefined })),
    ).toMatchObject([{ state: 'queued' }]);
    expect(await row(claimed.id)).toMatchObject({
      state: 'queued',
      attempts: 0,
      reason: null,
      lease_until: null,
    });
    expect(await attempts(claimed.id)).toEqual([]);
    expect(await claimOne(db, claimed.id)).toMatchObject({ claim: 2, attempt: 1 });
  });

  it.each([
    ['skipped', 'suppressed_bounce'],
    ['expired', 'expired'],
  ] as const)('counts no attempt for what is %s', async (state, reason) => {
    const claimed = await claimNew();
    await record(outcomeOf(claimed, { state, reason, called: undefined }));
    expect(await row(claimed.id)).toMatchObject({ state, reason, attempts: 0, due_at: null, sent_at: null });
    expect(await attempts(claimed.id)).toEqual([]);
  });
});

describe('who may write', () => {
  it('is the holder of the latest claim; the call of another is kept all the same', async () => {
    const lost = await claimNew();
    await record(
      outcomeOf(lost, { ...retry, called: call({ outcome: 'ambiguous', reason: 'worker_lost' }) }),
    );
    const holder = await claimOne(db, lost.id);
    const late = outcomeOf({ ...lost, claim: 1 }, { called: call({ providerMessageId: 'late' }) });
    // The reaper has written under the first claim already: the late worker's row of the same claim is no news.
    expect(await record(late)).toEqual([]);
    expect(await row(lost.id)).toMatchObject({ state: 'sending', claim: 2, provider_message_id: null });
    expect(await record(outcomeOf(holder))).toMatchObject([{ state: 'sent' }]);
    expect(await attempts(lost.id)).toMatchObject([
      { claim: 1, outcome: 'ambiguous' },
      { claim: 2, outcome: 'accepted' },
    ]);
  });

  it('keeps the call of a worker that was fenced off', async () => {
    const claimed = await claimNew();
    await db.rows('UPDATE deliveries SET claim = claim + 1 WHERE id = $1', [claimed.id]);
    expect(await record(outcomeOf(claimed, { called: call({ providerMessageId: 'SM9' }) }))).toEqual([]);
    expect(await row(claimed.id)).toMatchObject({ state: 'sending', provider_message_id: null });
    expect(await attempts(claimed.id)).toMatchObject([{ claim: 1, provider_message_id: 'SM9' }]);
  });

  it('writes each outcome once, however often it comes', async () => {
    const claimed = await claimNew();
    const outcome = outcomeOf(claimed, { state: 'dead', reason: 'content_rejected' });
    const results = await Promise.all([record(outcome), record(outcome), record(outcome)]);
    expect(results.flat()).toHaveLength(1);
    expect([await attempts(claimed.id), await letters(claimed.id)].map((rows) => rows.length)).toEqual([
      1, 1,
    ]);
  });

  it('keeps what a fenced outcome wanted apart from what the holder says in the same batch', async () => {
    const claimed = await claimNew();
    const fenced = outcomeOf(
      { ...claimed, claim: 7 },
      { state: 'failed', suppress: 'bounce', reason: 'invalid_address' },
    );
    expect(await record(fenced, outcomeOf(claimed))).toMatchObject([{ state: 'sent' }]);
    expect(await db.rows('SELECT 1 FROM suppressions')).toEqual([]);
  });

  it('leaves alone what nobody claimed, and what does not exist', async () => {
    const { deliveryIds } = await acceptOne(db, owner);
    const claimed = await claimNew();
    const unclaimed = outcomeOf({ ...claimed, id: deliveryIds[0] as string, claim: 0 });
    expect(await record(unclaimed, outcomeOf({ ...claimed, id: newId(Date.now()) }))).toEqual([]);
    expect(await row(deliveryIds[0] as string)).toMatchObject({ state: 'queued' });
  });
});

describe('what came in between', () => {
  const receive = (id: string, state: 'sent' | 'delivered' | 'undelivered') =>
    applyReceipt(db, {
      deliveryId: id,
      tenantId: owner.tenantId,
      channel: 'sms',
      state,
      reason: 'unreachable',
    });

  it.each([
    ['sent', 'delivered', 'delivered'],
    ['sent', 'undelivered', 'undelivered'],
    ['queued', 'sent', 'sent'],
    ['scheduled', 'delivered', 'delivered'],
    ['dead', 'delivered', 'delivered'],
    ['failed', 'delivered', 'delivered'],
    ['expired', 'delivered', 'delivered'],
  ] as const)('an outcome of %s and an earlier receipt of %s make %s', async (state, receipt, final) => {
    const claimed = await claimNew();
    await receive(claimed.id, receipt);
    await record(outcomeOf(claimed, { state, reason: 'retry_scheduled', called: failedCall }));
    expect(await row(claimed.id)).toMatchObject({ state: final, due_at: null, wake_at: null });
    expect(await letters(claimed.id)).toEqual([]);
  });

  it.each([
    ['queued', 'canceled'],
    ['scheduled', 'canceled'],
    ['sent', 'sent'],
    ['dead', 'dead'],
    ['failed', 'failed'],
  ] as const)('an outcome of %s and a cancellation make %s', async (state, final) => {
    const claimed = await claimNew();
    await cancelNotification(db, owner, claimed.notificationId);
    await record(outcomeOf(claimed, { state, reason: 'retry_scheduled', delayMs: 0, called: failedCall }));
    const reason = final === 'canceled' ? 'canceled_by_request' : 'retry_scheduled';
    expect(await row(claimed.id)).toMatchObject({ state: final, reason, due_at: null, wake_at: null });
  });

  it('a receipt ends what is given back', async () => {
    const claimed = await claimNew();
    await receive(claimed.id, 'delivered');
    await record(outcomeOf(claimed, { state: 'queued', delayMs: 0, called: undefined }));
    expect(await row(claimed.id)).toMatchObject({ state: 'delivered', attempts: 0, due_at: null });
  });

  it.each([
    ['queued', false, 'queued'],
    ['queued', true, 'sent'],
    ['scheduled', true, 'sent'],
    ['dead', false, 'sent'],
    ['failed', false, 'sent'],
    ['expired', false, 'sent'],
    ['skipped', false, 'sent'],
  ] as const)(
    'an outcome of %s (canceled: %s) of what was sent before makes %s',
    async (state, canceled, final) => {
      const claimed = await claimNew();
      await db.rows('UPDATE deliveries SET sent_at = now(), tried = ARRAY[id] WHERE id = $1', [claimed.id]);
      if (canceled) await cancelNotification(db, owner, claimed.notificationId);
      await record(
        outcomeOf(claimed, { state, reason: 'retries_exhausted', delayMs: 0, tried: [], called: failedCall }),
      );
      const is = await row(claimed.id);
      expect(is).toMatchObject({ state: final, tried: [claimed.id] });
      if (final === 'sent') expect(is).toMatchObject({ reason: 'receipt_missing', code: null, due_at: null });
      expect(await letters(claimed.id)).toEqual([]);
    },
  );

  it('a cancellation ends what is given back', async () => {
    const claimed = await claimNew();
    await cancelNotification(db, owner, claimed.notificationId);
    await record(outcomeOf(claimed, { state: 'queued', delayMs: 0, called: undefined }));
    expect(await row(claimed.id)).toMatchObject({ state: 'canceled', attempts: 0 });
  });
});

describe('what providers say', () => {
  it('is stored without what cannot be, and never costs the others their outcome', async () => {
    const [odd, fine] = [await claimNew(), await claimNew()];
    const called = call({
      detail: `${'x'.repeat(499)}😀 cut in the middle`,
      code: 'a\u0000b',
      providerMessageId: '\ud83d!',
      facts: { note: '\u0000\\u0000 \\ud83d' },
    });
    expect(await record(outcomeOf(odd, { called }), outcomeOf(fine))).toHaveLength(2);
    expect(await attempts(odd.id)).toMatchObject([
      {
        detail: `${'x'.repeat(499)}\ufffd`,
        code: 'ab',
        provider_message_id: '\ufffd!',
        facts: { note: '\\u0000 \\ud83d' },
      },
    ]);
    expect(await row(fine.id)).toMatchObject({ state: 'sent' });
  });
});
