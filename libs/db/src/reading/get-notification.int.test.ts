import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { applyReceipt } from '../receipts/testing/apply-receipt';
import { getDelivery } from './get-delivery';
import { getNotification } from './get-notification';
import { type Owner } from './owner';
import { acceptAll, acceptOne, claimOne, connectForTest, newOwner, sendOne } from './testing/notifications';

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

const TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);

describe('getNotification', () => {
  it('gives the deliveries by recipient and channel with what happened to each', async () => {
    const now = Date.now();
    const request = {
      now,
      to: [{ phone: '+4915112345678', email: 'ada@example.com' }, { email: 'bob@example.com' }],
      channels: ['sms' as const, 'email' as const],
      content: { sms: { body: 'Hello' }, email: { subject: 'Hi', text: 'Hello' } },
      metadata: { orderId: '42' },
    };
    // Others in the same millisecond must not be mixed in.
    const [mine] = await acceptAll(db, owner, [request, request]);
    await acceptOne(db, newOwner(), request);
    const sms = mine?.deliveryIds[0] as string;
    await sendOne(db, sms, {
      state: 'queued',
      reason: 'retry_scheduled',
      delayMs: 0,
      called: { outcome: 'retry', reason: 'provider_unavailable', code: 'http_503' },
    });
    await sendOne(db, sms, {
      state: 'sent',
      called: { providerMessageId: 'SM1', facts: { segments: 1 } },
    });
    await applyReceipt(db, {
      deliveryId: sms,
      tenantId: owner.tenantId,
      channel: 'sms',
      state: 'delivered',
      code: 'twilio_delivered',
      providerMessageId: 'SM1',
    });

    const notification = await getNotification(db, owner, mine?.id as string);
    expect(notification).toMatchObject({
      id: mine?.id,
      state: 'processing',
      live: true,
      priority: 'default',
      metadata: { orderId: '42' },
      counts: { delivered: 1, queued: 2, skipped: 1 },
    });
    expect(notification?.deliveries.map((d) => [d.recipient, d.channel, d.state, d.to])).toEqual([
      [0, 'email', 'queued', 'ada@example.com'],
      [0, 'sms', 'delivered', '+4915112345678'],
      [1, 'email', 'queued', 'bob@example.com'],
      [1, 'sms', 'skipped', undefined],
    ]);
    const delivery = notification?.deliveries[1];
    expect(delivery).toEqual({
      id: sms,
      notificationId: mine?.id,
      recipient: 0,
      channel: 'sms',
      to: '+4915112345678',
      priority: 'default',
      state: 'delivered',
      provider: 'twilio',
      providerMessageId: 'SM1',
      createdAt: TIME,
      updatedAt: TIME,
      sentAt: TIME,
      deliveredAt: TIME,
      attempts: [
        {
          number: 1,
          provider: 'twilio',
          startedAt: TIME,
          durationMs: 12,
          outcome: 'retry',
          reason: 'provider_unavailable',
          code: 'http_503',
        },
        {
          number: 2,
          provider: 'twilio',
          startedAt: TIME,
          durationMs: 12,
          outcome: 'accepted',
          providerMessageId: 'SM1',
          facts: { segments: 1 },
        },
      ],
      timeline: expect.any(Array),
    });
    expect(delivery?.timeline.map((entry) => entry.type)).toEqual(
      expect.arrayContaining(['accepted', 'attempt', 'attempt', 'sent', 'delivered']),
    );
    expect(delivery?.timeline).toHaveLength(5);
    expect(notification?.deliveries[3]?.timeline.at(-1)).toMatchObject({
      type: 'skipped',
      reason: 'no_contact_point',
    });
    expect(await getDelivery(db, owner, sms)).toEqual(delivery);
  });

  it('tells until when a delivery waits, and only while it waits', async () => {
    const sendAt = new Date(Date.now() + 3_600_000).toISOString();
    const later = await acceptOne(db, owner, { sendAt });
    const scheduled = await getDelivery(db, owner, later.deliveryIds[0] as string);
    expect(scheduled).toMatchObject({
      state: 'scheduled',
      reason: 'scheduled_by_request',
      nextAttemptAt: sendAt,
    });
    expect(scheduled?.timeline[1]).toMatchObject({ type: 'scheduled', detail: sendAt });
    const soon = await acceptOne(db, owner);
    await claimOne(db, soon.deliveryIds[0] as string);
    const sending = await getDelivery(db, owner, soon.deliveryIds[0] as string);
    expect(sending?.state).toBe('sending');
    expect(sending).not.toHaveProperty('nextAttemptAt');
  });

  it('knows nothing of other tenants, of the other mode, or of ids that do not exist', async () => {
    const { id, deliveryIds } = await acceptOne(db, owner);
    const delivery = deliveryIds[0] as string;
    for (const stranger of [newOwner(), { ...owner, live: false }]) {
      expect(await getNotification(db, stranger, id)).toBeUndefined();
      expect(await getDelivery(db, stranger, delivery)).toBeUndefined();
    }
    expect(await getNotification(db, owner, delivery)).toBeUndefined();
    expect(await getDelivery(db, owner, id)).toBeUndefined();
    expect(await getDelivery(db, owner, 'ffffffff-ffff-ffff-ffff-ffffffffffff')).toBeUndefined();
    expect(await getNotification(db, owner, id.toUpperCase())).toMatchObject({ id });
  });

  it('reads a notification to a thousand recipients', async () => {
    const to = Array.from({ length: 1000 }, (_, i) => ({
      phone: '+4915112345678',
      email: `a${i}@example.com`,
      webhookUrl: 'https://example.com/hook',
    }));
    const content = {
      sms: { body: 'Hello' },
      email: { subject: 'Hi', text: 'Hello' },
      webhook: { payload: {} },
    };
    const { id, deliveryIds } = await acceptOne(db, owner, { to, content });
    await sendOne(db, deliveryIds[1500] as string);
    const notification = await getNotification(db, owner, id);
    expect(notification?.deliveries).toHaveLength(3000);
    expect(notification?.counts).toEqual({ queued: 2999, sent: 1 });
    expect(notification?.deliveries.map((d) => d.recipient)).toEqual(to.flatMap((_, i) => [i, i, i]));
  });
});
