import { addressKey, newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import fc from 'fast-check';
import { type Database } from '../connection/database';
import { getDelivery } from '../reading/get-delivery';
import { type Owner } from '../reading/owner';
import { acceptOne, connectForTest, sendOne } from '../reading/testing/notifications';
import { createSuppression, deleteSuppression, listSuppressions } from '../suppressions/suppression-store';
import { newTenant } from '../tenants/testing/new-tenant';
import { applyConsent } from './apply-consent';
import { receiptEventId } from './receipt-event-id';
import { type ReceiptEventRecord, recordReceiptEvents } from './record-receipt-events';
import { suppressRecipients } from './suppress-recipients';

const PHONE = '+4915112345678';
const database = useTestDatabase();
let db: Database;
let owner: Owner;
let source: { providerId: string; tenantId: string; channel: 'sms' };
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  owner = { tenantId: await newTenant(db), live: true };
  source = { providerId: newId(Date.now()), tenantId: owner.tenantId, channel: 'sms' };
});
afterAll(() => db.close());

async function accepted(of = owner): Promise<string> {
  return (await acceptOne(db, of)).deliveryIds[0] as string;
}
async function sent(of = owner): Promise<string> {
  const id = await accepted(of);
  await sendOne(db, id);
  return id;
}
const event = (deliveryId: string, eventId: string, over: Partial<ReceiptEventRecord> = {}) => ({
  deliveryId,
  event: 'opened' as const,
  eventId,
  ...over,
});
const told = async (id: string, of = owner) =>
  (await getDelivery(db, of, id))?.timeline.filter(({ type }) => type === 'opened' || type === 'clicked');
const list = (live = true) => listSuppressions(db, { tenantId: owner.tenantId, live }, { limit: 50 });

describe('recordReceiptEvents', () => {
  it('puts events on the timelines, each once however often it is told', async () => {
    const [a, b] = [await sent(), await sent()];
    const events = [
      event(a, '1', { code: 'x_open' }),
      event(a, '1'),
      event(a.toUpperCase(), '2', { event: 'clicked' }),
      event(b, '1'),
    ];
    expect(await recordReceiptEvents(db, source, events)).toEqual([
      'applied',
      'ignored',
      'applied',
      'applied',
    ]);
    expect(await recordReceiptEvents(db, source, events)).toEqual(Array(4).fill('ignored'));
    expect((await told(a))?.map(({ type, detail }) => [type, detail]).sort()).toEqual([
      ['clicked', undefined],
      ['opened', 'x_open'],
    ]);
    expect(await told(b)).toHaveLength(1);
    expect((await getDelivery(db, owner, a))?.state).toBe('sent');
  });

  it('counts each once in whatever order, number and company it is told, also at the same moment', async () => {
    const numbers = fc.array(fc.array(fc.nat({ max: 5 }), { minLength: 1, maxLength: 5 }), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(numbers, async (callbacks) => {
        const id = await sent();
        const results = await Promise.all(
          callbacks.map((eventIds) =>
            recordReceiptEvents(
              db,
              source,
              eventIds.map((n) => event(id, `${n}`)),
            ),
          ),
        );
        const different = new Set(callbacks.flat()).size;
        expect(results.flat().filter((result) => result === 'applied')).toHaveLength(different);
        expect(await told(id)).toHaveLength(different);
      }),
      { numRuns: 40 },
    );
  }, 30_000);

  it('does not know deliveries of another tenant or channel, and ignores what was never sent', async () => {
    const stranger = { tenantId: await newTenant(db), live: true };
    const theirs = await sent(stranger);
    const waiting = await accepted();
    const events = [event(theirs, '1'), event(newId(Date.now()), '2'), event(waiting, '3')];
    expect(await recordReceiptEvents(db, source, events)).toEqual(['unknown', 'unknown', 'ignored']);
    expect(await told(theirs, stranger)).toEqual([]);
    const mine = await sent();
    expect(await recordReceiptEvents(db, { ...source, channel: 'email' }, [event(mine, '1')])).toEqual([
      'unknown',
    ]);
    expect(await recordReceiptEvents(db, source, [])).toEqual([]);
  });

  it('believes times between the sending and now', async () => {
    const id = await sent();
    const { createdAt } = (await getDelivery(db, owner, id))!;
    await recordReceiptEvents(db, source, [event(id, '1', { at: new Date(0) })]);
    await recordReceiptEvents(db, source, [event(id, '2', { at: new Date('2999-01-01') })]);
    const [first, second] = (await told(id))!;
    expect(first!.at).toBe(createdAt);
    expect(Date.parse(second!.at)).toBeLessThanOrEqual(Date.now() + 5000);
  });

  it('fills no timeline without end', async () => {
    const id = await sent();
    const events = Array.from({ length: 250 }, (_, n) => event(id, `${n}`));
    for (let from = 0; from < 250; from += 50)
      await recordReceiptEvents(db, source, events.slice(from, from + 50));
    expect(await told(id)).toHaveLength(200);
    expect(await recordReceiptEvents(db, source, [event(id, 'more')])).toEqual(['ignored']);
  });

  it('gives an event of a provider an id that is a UUID', () => {
    const id = receiptEventId('p', 'e');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(
      new Set([id, receiptEventId('p', 'f'), receiptEventId('q', 'e'), receiptEventId('p', 'e')]).size,
    ).toBe(3);
  });
});

describe('suppressRecipients', () => {
  const at = new Date('2026-01-01T00:00:00Z');
  it('suppresses the address of a delivery, once, with a mask and the delivery', async () => {
    const id = await sent();
    await suppressRecipients(db, source, [
      { deliveryId: id.toUpperCase(), reason: 'complaint', at },
      { deliveryId: await sent(), reason: 'bounce', at },
    ]);
    await suppressRecipients(db, source, [{ deliveryId: id, reason: 'bounce', at: new Date() }]);
    expect(await list()).toMatchObject([{ channel: 'sms', hint: '+49•••678', createdAt: at }]);
    const [row] = await db.rows('SELECT address_key FROM suppressions WHERE tenant_id = $1', [
      owner.tenantId,
    ]);
    expect((row!.address_key as Buffer).toString('hex')).toBe(addressKey(owner.tenantId, 'sms', PHONE));
  });

  it('keeps the reason that is there', async () => {
    await createSuppression(db, { ...owner, channel: 'sms', address: PHONE, reason: 'manual' });
    await suppressRecipients(db, source, [{ deliveryId: await sent(), reason: 'complaint', at }]);
    expect((await list()).map(({ reason }) => reason)).toEqual(['manual']);
  });

  it('lets nothing lift a complaint of an address that had opted out', async () => {
    await applyConsent(db, { ...source, address: PHONE, optedOut: true, at });
    const deliveryId = await sent();
    await suppressRecipients(db, source, [{ deliveryId, reason: 'complaint', at }]);
    const optIn = { ...source, address: PHONE, optedOut: false, at: new Date() };
    expect(await applyConsent(db, optIn)).toBe('ignored');
    expect(await list()).toMatchObject([{ reason: 'complaint', deliveryId }]);
  });

  it('lets an address that opts out again be out from then on, and never from before', async () => {
    const optOut = async (seconds: number) =>
      suppressRecipients(db, source, [
        { deliveryId: await sent(), reason: 'opt_out', at: new Date(at.getTime() + seconds * 1000) },
      ]);
    const optIn = (seconds: number) =>
      applyConsent(db, {
        ...source,
        address: PHONE,
        optedOut: false,
        at: new Date(at.getTime() + seconds * 1000),
      });
    await optOut(1);
    await optOut(5);
    await optOut(2);
    expect(await optIn(4)).toBe('ignored');
    expect(await list()).toMatchObject([{ reason: 'opt_out', createdAt: new Date(at.getTime() + 5000) }]);
    expect(await optIn(6)).toBe('applied');
  });

  it('prefers what no opt-in lifts, and the latest of several opt-outs', async () => {
    const late = new Date(at.getTime() + 5000);
    const [a, b] = [await sent(), await sent()];
    await suppressRecipients(db, source, [
      { deliveryId: a, reason: 'opt_out', at: late },
      { deliveryId: b, reason: 'opt_out', at },
    ]);
    expect(await list()).toMatchObject([{ reason: 'opt_out', createdAt: late }]);
    await deleteSuppression(db, { ...owner, channel: 'sms', address: PHONE });
    await suppressRecipients(db, source, [
      { deliveryId: a, reason: 'opt_out', at: late },
      { deliveryId: a, reason: 'complaint', at },
    ]);
    expect(await list()).toMatchObject([{ reason: 'complaint', createdAt: at }]);
  });

  it('leaves alone what is not the provider’s or was never tried, and keeps tests apart', async () => {
    const stranger = { tenantId: await newTenant(db), live: true };
    const [theirs, waiting, mine] = [await sent(stranger), await accepted(), await sent()];
    const suppress = (deliveryId: string, over: object = {}) =>
      suppressRecipients(db, { ...source, ...over }, [{ deliveryId, reason: 'complaint', at }]);
    await suppress(theirs);
    await suppress(waiting);
    await suppress(mine, { channel: 'email' });
    expect(await list()).toEqual([]);
    expect(await listSuppressions(db, stranger, { limit: 5 })).toEqual([]);
    await suppress(await sent({ ...owner, live: false }));
    expect([(await list()).length, (await list(false)).length]).toEqual([0, 1]);
  });
});

describe('applyConsent', () => {
  const T0 = Date.parse('2026-01-01T00:00:00Z');
  const say = (optedOut: boolean, seconds: number, address = PHONE) =>
    applyConsent(db, { ...source, address, optedOut, at: new Date(T0 + seconds * 1000) });
  const reasons = async () => (await list()).map(({ reason }) => reason);

  it('takes an address off and lets it in again', async () => {
    expect(await say(true, 1)).toBe('applied');
    expect(await say(true, 1)).toBe('ignored');
    expect(await list()).toMatchObject([{ reason: 'opt_out', hint: '+49•••678', deliveryId: null }]);
    expect(await say(false, 2)).toBe('applied');
    expect(await say(false, 2)).toBe('ignored');
    expect(await list()).toEqual([]);
  });

  it.each(['bounce', 'complaint', 'manual', 'endpoint_gone'] as const)('does not lift %s', async (reason) => {
    await createSuppression(db, { ...owner, channel: 'sms', address: PHONE, reason });
    expect(await say(true, 1)).toBe('ignored');
    expect(await say(false, 2)).toBe('ignored');
    expect(await reasons()).toEqual([reason]);
  });

  it('is of one tenant, one channel and live messages', async () => {
    await say(true, 1);
    const stranger = await newTenant(db);
    await applyConsent(db, {
      ...source,
      tenantId: stranger,
      address: PHONE,
      optedOut: false,
      at: new Date(),
    });
    await applyConsent(db, {
      ...source,
      channel: 'webhook',
      address: PHONE,
      optedOut: false,
      at: new Date(),
    });
    expect(await reasons()).toEqual(['opt_out']);
    expect(await list(false)).toEqual([]);
    await deleteSuppression(db, { ...owner, channel: 'sms', address: PHONE });
  });

  it('does not let an earlier word undo a later "stop"', async () => {
    await say(true, 1);
    await say(true, 5);
    expect(await say(false, 3)).toBe('ignored');
    expect(await reasons()).toEqual(['opt_out']);
    expect(await say(false, 6)).toBe('applied');
  });
});
