import { type ReceiptEvent } from '@herald/contracts';
import { idTime } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { cancelNotification } from '../controlling/cancel-notification';
import { retryDelivery } from '../controlling/retry-delivery';
import { discardDeadLetters, replayDeadLetters } from '../dead-letters/settle-dead-letters';
import { recordOutcomes } from '../deliveries/record-outcomes';
import { type Owner } from '../reading/owner';
import { acceptOne, claimOne, connectForTest, recordOne, sendOne } from '../reading/testing/notifications';
import { recordReceiptEvents } from '../receipts/record-receipt-events';
import { applyReceipt } from '../receipts/testing/apply-receipt';
import { newTenant } from '../tenants/testing/new-tenant';
import { updateWebhookEndpoint } from '../webhook-endpoints/webhook-endpoint-store';
import { feedEvents } from './feed-events';
import { newEndpoint, outboxOf } from './testing/endpoints';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  owner = { tenantId: await newTenant(db), live: true };
});
afterAll(() => db.close());

const types = async (tenantId = owner.tenantId) => (await outboxOf(db, tenantId)).map(({ type }) => type);
const accepted = async () => (await acceptOne(db, owner)).deliveryIds[0] as string;
const receive = (deliveryId: string, state: 'sent' | 'delivered' | 'undelivered') =>
  applyReceipt(db, { deliveryId, tenantId: owner.tenantId, channel: 'sms', state });
const tell = (deliveryId: string, ...events: ReceiptEvent[]) =>
  recordReceiptEvents(
    db,
    { providerId: owner.tenantId, tenantId: owner.tenantId, channel: 'sms' },
    events.map((event) => ({ deliveryId, event, eventId: event })),
  );

describe('an outcome', () => {
  it.each([
    ['sent', 'sent', undefined],
    ['failed', 'failed', 'invalid_address'],
    ['dead', 'dead', 'retries_exhausted'],
    ['skipped', 'skipped', 'suppressed_bounce'],
    ['expired', 'expired', 'expired'],
  ] as const)('that makes a delivery %s is told of', async (_name, state, reason) => {
    const endpoint = await newEndpoint(db, owner);
    const { id, deliveryIds } = await acceptOne(db, owner);
    await sendOne(db, deliveryIds[0]!, { state, reason, called: { code: 'twilio_1' } });
    expect(await outboxOf(db, owner.tenantId)).toEqual([
      {
        id: expect.any(String),
        type: `delivery.${state}`,
        endpointId: endpoint.id,
        notificationId: id,
        data: {
          notificationId: id,
          deliveryId: deliveryIds[0],
          channel: 'sms',
          recipient: 0,
          state,
          ...(reason && { reason }),
          code: 'twilio_1',
          provider: 'twilio',
        },
      },
    ]);
  });

  it('that leads to another attempt is not, nor one that is fenced off', async () => {
    await newEndpoint(db, owner);
    const claimed = await claimOne(db, await accepted());
    const { id, tenantId, claim, attempt } = claimed;
    await recordOutcomes(db, [{ id, tenantId, attempt, claim: claim + 1, state: 'sent' }]);
    await recordOne(db, claimed, { state: 'queued', reason: 'retry_scheduled', delayMs: 0 });
    expect(await types()).toEqual([]);
  });

  it('that a receipt or a cancellation overtook is told of as what it became', async () => {
    await newEndpoint(db, owner);
    const first = await claimOne(db, await accepted());
    await receive(first.id, 'delivered');
    expect(await types()).toEqual([]);
    await recordOne(db, first);
    const { id, deliveryIds } = await acceptOne(db, owner);
    const second = await claimOne(db, deliveryIds[0]!);
    await cancelNotification(db, owner, id);
    await recordOne(db, second, { state: 'queued', reason: 'retry_scheduled', delayMs: 0 });
    expect(await types()).toEqual(['delivery.delivered', 'delivery.canceled']);
  });

  it('that is rolled back is not told of', async () => {
    await newEndpoint(db, owner);
    const claimed = await claimOne(db, await accepted());
    await db.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'refused'; END $$`);
    await db.rows('CREATE TRIGGER refuse BEFORE INSERT ON attempts FOR EACH ROW EXECUTE FUNCTION refuse()');
    await expect(recordOne(db, claimed)).rejects.toThrow('refused');
    await db.rows('DROP TRIGGER refuse ON attempts');
    expect(await types()).toEqual([]);
    await recordOne(db, claimed);
    expect(await types()).toEqual(['delivery.sent']);
  });
});

describe('a receipt', () => {
  it('is told of when it changes the state, once', async () => {
    await newEndpoint(db, owner);
    const id = await accepted();
    await sendOne(db, id);
    for (const state of ['sent', 'undelivered', 'undelivered', 'delivered', 'sent'] as const)
      await receive(id, state);
    expect(await types()).toEqual(['delivery.sent', 'delivery.undelivered', 'delivery.delivered']);
  });

  it('of what was given up and canceled changes nothing', async () => {
    await newEndpoint(db, owner);
    const { id, deliveryIds } = await acceptOne(db, owner);
    const claimed = await claimOne(db, deliveryIds[0]!);
    await cancelNotification(db, owner, id);
    await recordOne(db, claimed, {
      state: 'queued',
      reason: 'retry_scheduled',
      called: { outcome: 'ambiguous' },
    });
    await receive(claimed.id, 'delivered');
    expect(await types()).toEqual(['delivery.canceled']);
  });

  it('that tells of opens and clicks is passed on, each once', async () => {
    await newEndpoint(db, owner);
    const id = await accepted();
    await tell(id, 'opened');
    await sendOne(db, id);
    await tell(id, 'deferred', 'opened', 'opened', 'clicked', 'complained', 'unsubscribed');
    await tell(id, 'opened');
    const rows = await outboxOf(db, owner.tenantId);
    expect(rows.map(({ type }) => type).sort()).toEqual(
      ['clicked', 'complained', 'opened', 'sent', 'unsubscribed'].map((name) => `delivery.${name}`),
    );
    for (const { data } of rows)
      expect(data).toMatchObject({ deliveryId: id, state: 'sent', provider: 'twilio' });
  });
});

describe('people', () => {
  it('who cancel are told of what that stopped', async () => {
    await newEndpoint(db, owner);
    const to = [{ phone: '+4915112345678' }, { phone: '+4915112345679' }];
    const { id, deliveryIds } = await acceptOne(db, owner, { to });
    await claimOne(db, deliveryIds[0]!);
    for (let twice = 0; twice < 2; twice += 1) await cancelNotification(db, owner, id);
    expect(await outboxOf(db, owner.tenantId)).toMatchObject([
      {
        type: 'delivery.canceled',
        data: { deliveryId: deliveryIds[1], recipient: 1, reason: 'canceled_by_request' },
      },
    ]);
  });

  it('who discard a dead letter are told that it failed; who replay it or try again, of the next end', async () => {
    await newEndpoint(db, owner);
    const dead = { state: 'dead', reason: 'retries_exhausted' } as const;
    const [one, other, third] = [await accepted(), await accepted(), await accepted()];
    for (const id of [one, other, third]) await sendOne(db, id, dead);
    await discardDeadLetters(db, owner, [one]);
    await replayDeadLetters(db, owner, [other]);
    await retryDelivery(db, owner, third);
    const rows = await outboxOf(db, owner.tenantId);
    expect(rows.map(({ type }) => type)).toEqual([...Array(3).fill('delivery.dead'), 'delivery.failed']);
    expect(rows.at(-1)?.data).toMatchObject({ deliveryId: one, state: 'failed', reason: 'discarded' });
  });

  it.each([
    ['', undefined],
    [' with attachments', [{ filename: 'a.txt', contentType: 'text/plain', contentBase64: 'YQ==' }]],
  ])('who post what has no address for a channel are told%s', async (_name, attachments) => {
    const endpoint = await newEndpoint(db, owner);
    const { id, deliveryIds } = await acceptOne(db, owner, {
      to: [{ email: 'ada@example.com' }],
      content: { email: { subject: 'Hi', text: 'Hello', attachments }, sms: { body: 'Hello' } },
    });
    expect(await outboxOf(db, owner.tenantId)).toEqual([
      {
        id: expect.any(String),
        type: 'delivery.skipped',
        endpointId: endpoint.id,
        notificationId: id,
        data: {
          notificationId: id,
          deliveryId: deliveryIds[1],
          channel: 'sms',
          recipient: 0,
          state: 'skipped',
          reason: 'no_contact_point',
        },
      },
    ]);
  });
});

describe('who is told', () => {
  it('is every endpoint of the tenant and mode that is enabled and wants the event', async () => {
    const all = await newEndpoint(db, owner);
    const some = await newEndpoint(db, owner, { events: ['delivery.delivered', 'delivery.sent'] });
    await newEndpoint(db, owner, { events: ['delivery.delivered'] });
    await newEndpoint(db, { ...owner, live: false });
    const off = await newEndpoint(db, owner);
    await updateWebhookEndpoint(db, owner, off.id, { enabled: false });
    const stranger = { tenantId: await newTenant(db), live: true };
    await newEndpoint(db, stranger);
    await sendOne(db, await accepted());
    const rows = await outboxOf(db, owner.tenantId);
    expect(rows.map(({ endpointId }) => endpointId).sort()).toEqual([all.id, some.id].sort());
    expect(await types(stranger.tenantId)).toEqual([]);
  });

  it('is nobody without endpoints, and results are the same', async () => {
    const id = await accepted();
    expect(await sendOne(db, id)).toMatchObject({ id, state: 'sent', channel: 'sms', lane: 'default' });
    expect(await types()).toEqual([]);
  });

  it('is told of test notifications by endpoints for the mode test', async () => {
    const test = { ...owner, live: false };
    const endpoint = await newEndpoint(db, test);
    await newEndpoint(db, owner);
    await sendOne(db, (await acceptOne(db, test)).deliveryIds[0]!);
    expect(await outboxOf(db, owner.tenantId)).toMatchObject([{ endpointId: endpoint.id }]);
  });

  it('is not told of what becomes of events', async () => {
    await newEndpoint(db, owner);
    await sendOne(db, await accepted());
    const fed = (await feedEvents(db, 1000)).find(({ delivery }) => delivery?.tenantId === owner.tenantId);
    const id = fed!.delivery!.id;
    await sendOne(db, id, { state: 'dead', reason: 'retries_exhausted', called: { outcome: 'retry' } });
    expect(await db.rows('SELECT 1 FROM dead_letters WHERE tenant_id = $1', [owner.tenantId])).toEqual([]);
    await retryDelivery(db, owner, id);
    await sendOne(db, id);
    expect(await types()).toEqual([]);
  });

  it('gets a UUIDv7 of the time for each', async () => {
    await newEndpoint(db, owner);
    const before = Date.now() - 1000;
    await sendOne(db, await accepted());
    const [row] = await outboxOf(db, owner.tenantId);
    expect(row!.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(idTime(row!.id)).toBeGreaterThan(before);
    expect(idTime(row!.id)).toBeLessThan(Date.now() + 1000);
  });
});
