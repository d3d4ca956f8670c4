import {
  CHANNELS,
  type Channel,
  CONTACT_POINT,
  LIMITS,
  type RecipientDto,
  type SendNotificationDto,
} from '@herald/contracts';
import fc from 'fast-check';
import { addressKey, idTime } from './ids';
import { decodedBytes, type PlannedNotification, planNotification } from './plan-notification';

const tenantId = '01900000-0000-7000-8000-000000000001';
const now = Date.UTC(2030, 0, 31, 9, 30);
const at = (ms: number) => new Date(now + ms).toISOString();

const ADDRESS = {
  email: 'ada@example.com',
  phone: '+4915112345678',
  devices: [
    { platform: 'ios', token: 'a1' },
    { platform: 'android', token: 'b2' },
  ],
  webpush: [{ endpoint: 'https://push.example.com/1', keys: { p256dh: 'p', auth: 'a' } }],
  recipient: 'user_42',
  webhookUrl: 'https://example.com/h',
} satisfies RecipientDto;
const CONTENT = {
  email: { subject: 'Hello', text: 'Hello' },
  sms: { body: 'Hello' },
  push: { title: 'Hello' },
  webpush: { title: 'Hello' },
  inapp: { title: 'Hello' },
  webhook: { payload: { hello: true } },
};
const dto = (over: Partial<SendNotificationDto> = {}): SendNotificationDto => ({
  to: [ADDRESS],
  content: CONTENT,
  ...over,
});

function planned(over: Partial<SendNotificationDto> = {}): PlannedNotification {
  const plan = planNotification(dto(over), { tenantId, now });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  return plan.notification;
}

function errorsOf(over: Partial<SendNotificationDto>): string[] {
  const plan = planNotification(dto(over), { tenantId, now });
  return plan.ok ? [] : plan.errors.map(({ pointer, detail }) => `${pointer} ${detail}`);
}

const attachment = (contentBase64: string) => ({
  filename: 'a.pdf',
  contentType: 'application/pdf',
  contentBase64,
});

describe('planNotification', () => {
  const recipient: fc.Arbitrary<RecipientDto> = fc.record(
    {
      email: fc.constant(ADDRESS.email),
      phone: fc.constant(ADDRESS.phone),
      devices: fc.constant(ADDRESS.devices),
      webpush: fc.constant(ADDRESS.webpush),
      recipient: fc.constant(ADDRESS.recipient),
      webhookUrl: fc.constant(ADDRESS.webhookUrl),
      locale: fc.constantFrom('de', 'en-GB'),
      timezone: fc.constantFrom('Europe/Berlin', 'UTC'),
    },
    { requiredKeys: [] },
  );
  const request = fc.record({
    to: fc.array(recipient, { minLength: 1, maxLength: 20 }),
    channels: fc.option(fc.uniqueArray(fc.constantFrom<Channel>(...CHANNELS), { minLength: 1 }), {
      nil: undefined,
    }),
    content: fc.record(
      {
        email: fc.constant(CONTENT.email),
        sms: fc.constant(CONTENT.sms),
        push: fc.constant(CONTENT.push),
        webpush: fc.constant(CONTENT.webpush),
        inapp: fc.constant(CONTENT.inapp),
        webhook: fc.constant(CONTENT.webhook),
      },
      { requiredKeys: [] },
    ),
    sendAt: fc.constantFrom(undefined, at(-1000), at(60_000)),
  });

  it('plans one delivery for each recipient and channel, and drops nothing', () => {
    fc.assert(
      fc.property(request, (any) => {
        const channels = any.channels ?? (Object.keys(any.content) as Channel[]);
        const reachable = any.to.some((r) => channels.some((c) => r[CONTACT_POINT[c]] !== undefined));
        const plan = planNotification(any, { tenantId, now });
        const sayable = channels.length > 0 && channels.every((c) => any.content[c]);
        expect(plan.ok).toBe(sayable && reachable);
        if (!plan.ok) return;
        expect(plan.notification.deliveries.map((d) => [d.recipient, d.channel])).toEqual(
          any.to.flatMap((_, index) => channels.map((channel) => [index, channel])),
        );
      }),
    );
  });

  it('gives each delivery an address and a state, or says that there is no address', () => {
    fc.assert(
      fc.property(request, (any) => {
        const plan = planNotification(any, { tenantId, now });
        if (!plan.ok) return;
        const scheduled = any.sendAt === at(60_000);
        for (const d of plan.notification.deliveries) {
          const { [CONTACT_POINT[d.channel]]: address, locale, timezone } = any.to[d.recipient]!;
          const { id: _id, recipient: _recipient, channel: _channel, ...rest } = d;
          if (address === undefined) expect(rest).toEqual({ state: 'skipped', reason: 'no_contact_point' });
          else {
            const several = typeof address !== 'string';
            expect(rest).toEqual({
              address: several ? JSON.stringify(address) : address,
              addressKey: several ? undefined : addressKey(tenantId, d.channel, address),
              locale,
              timezone,
              ...(scheduled ? { state: 'scheduled', reason: 'scheduled_by_request' } : { state: 'queued' }),
            });
          }
        }
      }),
    );
  });

  it('makes all ids in the same millisecond, each once', () => {
    fc.assert(
      fc.property(request, fc.integer({ min: 0, max: 4e12 }), (any, ms) => {
        const plan = planNotification(any, { tenantId, now: ms });
        if (!plan.ok) return;
        const ids = [plan.notification.id, ...plan.notification.deliveries.map((d) => d.id)];
        expect(new Set(ids).size).toBe(ids.length);
        expect(new Set(ids.map(idTime))).toEqual(new Set([ms]));
      }),
    );
  });

  it('keeps what the request says and fills in the defaults', () => {
    expect(planned()).toMatchObject({
      tenantId,
      lane: 'default',
      policy: 'at_least_once',
      content: CONTENT,
      attachments: [],
      metadata: undefined,
      sendAt: undefined,
      expiresAt: undefined,
    });
    const asked = { priority: 'critical', delivery: 'at_most_once', metadata: { orderId: '42' } } as const;
    expect(planned(asked)).toMatchObject({
      lane: 'critical',
      policy: 'at_most_once',
      metadata: { orderId: '42' },
    });
    expect(planned({ metadata: {} }).metadata).toBeUndefined();
  });

  it('stores the content of the chosen channels only', () => {
    const { content, deliveries } = planned({ channels: ['sms'] });
    expect(content).toEqual({ sms: CONTENT.sms });
    expect(deliveries.map((d) => d.channel)).toEqual(['sms']);
  });

  it('stores attachments beside the content, not in it', () => {
    const email = { ...CONTENT.email, attachments: [attachment('QUJD'), attachment('REVG')] };
    const { content, attachments } = planned({ content: { email } });
    expect(content.email).toEqual({ ...CONTENT.email, attachmentCount: 2 });
    expect(attachments).toEqual([
      { position: 0, ...attachment('QUJD') },
      { position: 1, ...attachment('REVG') },
    ]);
    expect(planned({ channels: ['sms'], content: { email, sms: CONTENT.sms } }).attachments).toEqual([]);
  });

  it('gives times in UTC, whatever offset they came with', () => {
    const { sendAt, expiresAt } = planned({
      sendAt: '2030-02-01T23:30:00+16:00',
      expiresAt: '2030-03-01T00:00:00.5-23:59',
    });
    expect([sendAt, expiresAt]).toEqual(['2030-02-01T07:30:00.000Z', '2030-03-01T23:59:00.500Z']);
  });

  it('sends at once what should have been sent before', () => {
    const { sendAt, deliveries } = planned({ sendAt: at(-1) });
    expect(sendAt).toBeUndefined();
    expect(deliveries[0]).toMatchObject({ state: 'queued' });
  });

  it.each<[string, Partial<SendNotificationDto>, string[]]>([
    ['no content', { content: {} }, ['/content must have content for at least one channel']],
    [
      'a channel without content',
      { channels: ['email', 'sms'], content: { email: CONTENT.email } },
      ['/content/sms is required, because channels names sms'],
    ],
    [
      'an e-mail without a body',
      { content: { email: { subject: 'Hello' } } },
      ['/content/email must have html, text or both'],
    ],
    [
      'nobody with an address',
      { to: [{ email: ADDRESS.email }], content: { sms: CONTENT.sms, webhook: CONTENT.webhook } },
      [
        '/to/phone is required: no recipient has an address for sms or webhook',
        '/to/webhookUrl is required: no recipient has an address for sms or webhook',
      ],
    ],
    [
      'several without an address',
      { to: [{}, {}], channels: ['sms'] },
      ['/to/0/phone is required: no recipient has an address for sms'],
    ],
    [
      'a time too far ahead',
      { sendAt: at(365 * 86_400_000 + 1) },
      ['/sendAt must be at most 365 days ahead'],
    ],
    [
      'an expiry in the past',
      { expiresAt: at(0) },
      ['/expiresAt must be in the future and later than sendAt'],
    ],
    [
      'an item that is gone before it comes',
      { sendAt: at(60_000), content: { inapp: { title: 'T', expiresAt: at(60_000) } } },
      ['/content/inapp/expiresAt must be in the future and later than sendAt'],
    ],
    [
      'an expiry before its time',
      { sendAt: at(60_000), expiresAt: at(60_000) },
      ['/expiresAt must be in the future and later than sendAt'],
    ],
    [
      'too many bytes of attachments',
      {
        content: {
          email: {
            ...CONTENT.email,
            attachments: [
              attachment('AAAA'.repeat(LIMITS.attachmentsTotalBytes / 4)),
              attachment('A'.repeat(4e6)),
            ],
          },
        },
      },
      [`/content/email/attachments must be at most 10485760 bytes in all; these are ${7_864_320 + 3e6}`],
    ],
  ])('refuses %s', (_name, over, errors) => {
    expect(errorsOf(over)).toEqual(errors);
  });

  it('takes the last moment that is allowed', () => {
    expect(errorsOf({ sendAt: at(365 * 86_400_000) })).toEqual([]);
    expect(errorsOf({ sendAt: at(60_000), expiresAt: at(60_001) })).toEqual([]);
  });
});

describe('decodedBytes', () => {
  it('is the length of what is decoded', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(decodedBytes(Buffer.from(bytes).toString('base64'))).toBe(bytes.length);
      }),
    );
  });
});
