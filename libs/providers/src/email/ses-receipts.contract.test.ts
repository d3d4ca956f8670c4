import { sign } from 'node:crypto';
import { type Reason } from '@herald/contracts';
import { type Receipt, type ReceiptRequest } from '@herald/delivery';
import { type SuppressionReason } from '@herald/domain';
import {
  describeProviderContract,
  type HttpReceiver,
  type HttpReply,
  providerDeps,
  startHttpReceiver,
} from '@herald/testing';
import fc from 'fast-check';
import { MockAgent } from 'undici';
import { type SesConfig, ses } from './ses';

/** A certificate that nobody has signed, with its key (RSA): it protects nothing. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIICoTCCAYmgAwIBAgIBATANBgkqhkiG9w0BAQsFADATMREwDwYDVQQDDAhzbnMu
dGVzdDAgFw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowEzERMA8GA1UE
AwwIc25zLnRlc3QwggEiMA0GCSqGSIb3DQEBAQUAA4IBDwAwggEKAoIBAQDLQeQ7
ZAmwmGVsc/2uwZpCzVuuGOQFIJYwDFbSei6Fd87BKDbYStB0xNAZIQbgCmU7KImd
HJHmXrhzLUhILuXvl1zxH6UXHa8sAqIxp+CQQDwZUPUD1pLO4DFDW/u1XCdOJVR2
c/DpGPHrRYiRrKdNYQgVPb27Z+305XdPLTjBcp58aWnkxqIFDq3BzAi4nOJjfN1H
k1axvwZR84mlhMpY8sK8I8UbDUH2Dgg+xlAvQauW8/2J6gxDpCB0gTM+2fpKlgHx
kb2LYwMhSiK1lpUR0H7v7hNHx6v4+AFql7Fs/mrZDp53jpvFw/Ao0G0mgUwNhKjy
UaXY3TY5Yy1Y2F0dAgMBAAEwDQYJKoZIhvcNAQELBQADggEBACuJSenTosurLMRC
Am134i3Syc2U6whxi0j13GH7W8K6W6xNvqE8sqFsFPZIxfJ0bchiqoShdvVRVycg
IHUdZGibCHlpSOxFv0D46BKGeEuceihkG9XAUxc5QpHMSLGfwAIngRocYzi7whrC
tWG/cKmGRIZAbQFDkLsnYiMiZ9lERVl7rLNbqw0f1FyXagFvxZ8xgdqvVeFFmHSH
4nb0GBxxis6rSecoBu9je376fgmSOnHbqoewJaTDga2gtcQO5s1tw7al+d3tZOTN
HWis5KuZJecib3YfJEzLXNOJfEogwnAfJdB6Rm1Cz/ss5m26j4I7dB8kDmQ3IehR
G4JSbUU=
-----END CERTIFICATE-----`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQDLQeQ7ZAmwmGVs
c/2uwZpCzVuuGOQFIJYwDFbSei6Fd87BKDbYStB0xNAZIQbgCmU7KImdHJHmXrhz
LUhILuXvl1zxH6UXHa8sAqIxp+CQQDwZUPUD1pLO4DFDW/u1XCdOJVR2c/DpGPHr
RYiRrKdNYQgVPb27Z+305XdPLTjBcp58aWnkxqIFDq3BzAi4nOJjfN1Hk1axvwZR
84mlhMpY8sK8I8UbDUH2Dgg+xlAvQauW8/2J6gxDpCB0gTM+2fpKlgHxkb2LYwMh
SiK1lpUR0H7v7hNHx6v4+AFql7Fs/mrZDp53jpvFw/Ao0G0mgUwNhKjyUaXY3TY5
Yy1Y2F0dAgMBAAECggEAIrFCdWijxsKcPSCnIhblb5WBmnuhH8bqG5VflFlKa3mB
jrKAefZ7EhMtubxLYh4kHS7UHj7sIDf2n6IQ/lES6gwZzwYptYJZjdd9O6B90eFE
4MVSrK8JK8pUXjzq/4+VHd99RSKQ8hhR4mhh4QtpGun+6TE6mywoD27DKH59e3b4
0jDX6WpKACn9akX7fdCOqAXi3JiTZj9saG5FxkLYVJJF/nDjfwaG8ELY8vh/pLs7
HYoxLLOx01FsyDVdR8i4V9157fsZoqlYQwcE5Jlgx9fWWVsZ6RxxrwaI6ZGrQbDq
vMyAHMa+fX+2wCXkRSi3/UH94qbmzdPrP3wbTmW0OQKBgQDzRmT/MCyXuqTBfeEQ
L6iGMI1LqWp2R78UGugD3emG/Dwu7b2xoRkHsDIoJ4Qw0JRdVMhGM+t7tyT81UND
/yeakfZvTmmHnOrTZhO2MmfG5qVwa4lxW1/T2CrAOPdKg5pudUwJd/jh0/85V13Q
ztJ4JYE3GVS7A6ll5fD9P1tZ7wKBgQDV46LgGnwHB9ECjMzEXDBbFlDzSH0BNqAV
641fIugN3l66mqggM+xPWwKdufFeGCs6AoS5shEXDE7NWeUO2cN9UmtxmkyzB83w
7J3S0gp6Gq0iiatdw8xXHEPxC6svZ863GR/MNyHCFg9/whl76Yi4Nw+vcPojQJyP
Y80eJUY1swKBgQCNMMnlIXyAAx8j/X7l+gMA/qTCyOy1ASbw8DzAIccrRLFZOznh
IfJ499XkYCrkeenh0Rb7R57gCoc5Bj0n9apyl0xDhWrR/kx7rL67+70nPy29dWwr
kjCnrsoBDg7X/FFg0krzI+IajwONsBsO2Tpl6L550AXRFGr4bN/U2zSVmQKBgQCD
K0HUi4lqSlncZXqiJSMmiS4FtHusxdIw/y7InECRWMDhUT0v2ofeNqMJFWI3YT0J
K0g4FUKzzsF439tAWz2u2l+34HePB4c9a+5xvovcTAXHe4QTUaM7/MKRzaUiwlec
JBVDCMB0JVFF+UPloNdOmb3Nyswr2FDrArpk9Vj0TwKBgQDIEKr97B4aEzlmn0BI
CPIJmeZmMeACt5UIRHOQX6bsaagk8ZkMyVzjIHEKAvLxZ0C7MaYW5cUN/L6LiR+K
4iQD0kwGjsces5Cmt7T5/7p7KYBz52mH6vdEW6usohJubcI/TpZt7MpbCLv/3SdZ
PBepwCqDW46ryFaRvQtwP5D2lg==
-----END PRIVATE KEY-----`;

const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:ses-events';
const config: SesConfig = {
  region: 'eu-central-1',
  smtpUsername: 'AKIAEXAMPLE',
  smtpPassword: 'secret',
  from: 'Shop <shop@example.com>',
  topicArn: TOPIC,
};
const otherSecret = { ...config, topicArn: `${TOPIC}-2` };

/** Stands for SNS: gives its certificate, and takes confirmations. */
let sns: HttpReceiver;
const deps = providerDeps();
beforeAll(async () => {
  sns = await startHttpReceiver(({ url }) =>
    url.endsWith('.pem') ? { body: CERTIFICATE } : { status: 200 },
  );
  config.snsBaseUrl = sns.url;
  otherSecret.snsBaseUrl = sns.url;
});
afterAll(async () => {
  await deps.guardedDispatcher.destroy();
  await sns.close();
});

type Envelope = Record<string, string | undefined>;
const SIGNED_FIELDS = 'Message MessageId Subject SubscribeURL Timestamp Token TopicArn Type'.split(' ');

/** Signed as SNS signs: by name, each name and value on a line of its own; `SubscribeURL` and `Token` of confirmations. */
function post(envelope: Envelope, more: Envelope = {}): ReceiptRequest {
  const whole: Envelope = {
    Type: 'Notification',
    MessageId: 'sns-1',
    TopicArn: TOPIC,
    Timestamp: new Date().toISOString(),
    SignatureVersion: '2',
    SigningCertURL: `${sns.url}/SimpleNotificationService-1.pem`,
    ...envelope,
  };
  const covered = SIGNED_FIELDS.filter((name) => whole[name] !== undefined)
    .map((name) => `${name}\n${whole[name]}\n`)
    .join('');
  const digest = whole.SignatureVersion === '1' ? 'sha1' : 'sha256';
  const Signature = sign(digest, Buffer.from(covered), KEY).toString('base64');
  return {
    url: 'https://edge.example.com/v1/receipts/p1',
    headers: { 'content-type': 'text/plain; charset=UTF-8' },
    rawBody: Buffer.from(JSON.stringify({ ...whole, Signature, ...more })),
  };
}
const notification = (body: unknown, more: Envelope = {}) => post({ Message: JSON.stringify(body), ...more });

const DELIVERY = '01890a5d-ac96-774b-bcce-b302099a8057';
const MESSAGE = '0107018f5b3b8a1c-0b2c5f0e-0f3f-4d3b-9d8c-1a2b3c4d5e6f-000000';
const AT = '2026-01-14T05:02:16.645Z';
const mail = {
  timestamp: AT,
  messageId: MESSAGE,
  destination: ['ada@example.org'],
  tags: { 'ses:configuration-set': ['herald'], herald_delivery_id: [DELIVERY] },
};
const event = (eventType: string, details: object = {}, more: object = {}) => ({
  eventType,
  mail,
  [eventType.charAt(0).toLowerCase() + eventType.slice(1)]: { timestamp: AT, ...details },
  ...more,
});
const of = { deliveryId: DELIVERY, providerMessageId: MESSAGE };
const happened = (name: string, more: object = {}) =>
  ({ kind: 'event', event: name, eventId: 'sns-1', at: new Date(AT), ...of, ...more }) as Receipt;
const undelivered = (reason: Reason, code: string, suppress?: SuppressionReason): Receipt[] => [
  { kind: 'state', state: 'undelivered', reason, code, ...of, ...(suppress && { suppress }) },
];
const delivered: Receipt[] = [{ kind: 'state', state: 'delivered', ...of }];

const bounce = (bounceType: unknown, bounceSubType?: unknown, more: object = {}) =>
  event('Bounce', { bounceType, bounceSubType, feedbackId: 'f1', ...more });
const bounces: [string, string, Reason, SuppressionReason?][] = [
  ['Permanent', 'General', 'carrier_rejected', 'bounce'],
  ['Permanent', 'NoEmail', 'invalid_address', 'bounce'],
  ['Permanent', 'Suppressed', 'invalid_address', 'bounce'],
  ['Permanent', 'OnAccountSuppressionList', 'invalid_address', 'bounce'],
  ['Permanent', 'OnTenantSuppressionList', 'invalid_address', 'bounce'],
  ['Permanent', 'EmailValidationSuppressed', 'invalid_address'],
  ['Permanent', 'UnsubscribedRecipient', 'opted_out'],
  ['Transient', 'General', 'unreachable'],
  ['Transient', 'MailboxFull', 'unreachable'],
  ['Transient', 'CustomTimeoutExceeded', 'unreachable'],
  ['Transient', 'MessageTooLarge', 'carrier_rejected'],
  ['Transient', 'ContentRejected', 'carrier_rejected'],
  ['Transient', 'AttachmentRejected', 'carrier_rejected'],
];
const complaint = (details: object) => event('Complaint', { feedbackId: 'f1', ...details });
const example = (name: string, body: unknown, receipts: Receipt[]) => ({ name, body, receipts });

describeProviderContract<'email', SesConfig, HttpReply, unknown>({
  definition: ses,
  receipts: {
    config,
    otherSecret,
    signed: notification,
    signsUrl: false,
    withSignature: (request, change) => {
      const body = JSON.parse(request.rawBody.toString()) as Envelope;
      const Signature = change(body.Signature ?? '');
      return { ...request, rawBody: Buffer.from(JSON.stringify({ ...body, Signature })) };
    },
    examples: [
      example('send', event('Send'), [{ kind: 'state', state: 'sent', ...of }]),
      example('delivery', event('Delivery'), delivered),
      example('delivery of an identity', { notificationType: 'Delivery', mail, delivery: {} }, delivered),
      ...bounces.map(([type, sub, reason, suppress]) =>
        example(`${type} ${sub}`, bounce(type, sub), undelivered(reason, `ses_${type}_${sub}`, suppress)),
      ),
      example(
        'a bounce with a status',
        bounce('Permanent', 'NoEmail', { bouncedRecipients: [{ emailAddress: 'a@b.de', status: '5.1.1' }] }),
        undelivered('invalid_address', 'ses_Permanent_NoEmail_5.1.1', 'bounce'),
      ),
      example(
        'a bounce with a status of no sense',
        bounce('Transient', 'General', { bouncedRecipients: [{ status: '4.0.0\n' }] }),
        undelivered('unreachable', 'ses_Transient_General'),
      ),
      example(
        'a hard bounce of another kind',
        bounce('Permanent', 'New'),
        undelivered('carrier_rejected', 'ses_Permanent', 'bounce'),
      ),
      example(
        'a soft bounce of another kind',
        bounce('Transient', 7),
        undelivered('unreachable', 'ses_Transient'),
      ),
      ...[['Undetermined', 'Undetermined'], ['__proto__'], [{}]].map(([type, sub]) =>
        example(
          `a bounce of no kind: ${type}`,
          bounce(type, sub),
          undelivered('undelivered_unknown', 'ses_Undetermined'),
        ),
      ),
      ...[{}, { complaintFeedbackType: 'abuse' }, { complaintSubType: null }].map((details) =>
        example(`complaint ${JSON.stringify(details)}`, complaint(details), [
          happened('complained', { eventId: 'f1', suppress: 'complaint' }),
        ]),
      ),
      ...['not-spam', 'auth-failure'].map((complaintFeedbackType) =>
        example(`no complaint: ${complaintFeedbackType}`, complaint({ complaintFeedbackType }), []),
      ),
      ...['OnAccountSuppressionList', 'OnTenantSuppressionList'].map((complaintSubType) =>
        example(
          `kept back: ${complaintSubType}`,
          complaint({ complaintSubType }),
          undelivered('opted_out', `ses_complaint_${complaintSubType}`, 'complaint'),
        ),
      ),
      example(
        'reject',
        event('Reject', { reason: 'Bad content' }),
        undelivered('content_rejected', 'ses_reject'),
      ),
      example('open', event('Open'), [happened('opened')]),
      example('click', event('Click', { link: 'x' }), [happened('clicked')]),
      example('delivery delay', event('DeliveryDelay', { delayType: 'MailboxFull' }), [happened('deferred')]),
      example('opt-out', event('Subscription', { newTopicPreferences: { unsubscribeAll: true } }), [
        happened('unsubscribed', { suppress: 'opt_out' }),
      ]),
      example(
        'an opt-out of one topic',
        event('Subscription', { newTopicPreferences: { unsubscribeAll: false } }),
        [],
      ),
      example('a rendering failure', event('Rendering Failure'), []),
      example('an event of another kind', event('constructor'), []),
      example('a time of no sense', event('Open', { timestamp: 'now' }), [
        happened('opened', { at: undefined }),
      ]),
      example('no details', { eventType: 'Open', mail }, [happened('opened', { at: undefined })]),
      example(
        'the tag in the headers',
        {
          ...event('Delivery'),
          mail: {
            messageId: MESSAGE,
            headers: [
              null,
              { name: 'Subject', value: 'Hi' },
              { name: 'X-Ses-Message-Tags', value: `campaign=a, herald_delivery_id=${DELIVERY}` },
            ],
          },
        },
        delivered,
      ),
      ...[
        undefined,
        7,
        {},
        { tags: { herald_delivery_id: DELIVERY } },
        { tags: { herald_delivery_id: ["'; drop"] } },
        { tags: [], headers: [{ name: 'X-SES-MESSAGE-TAGS', value: 'herald_delivery_id' }, { name: 7 }] },
      ].map((other) =>
        example(
          `mail that is not ours: ${JSON.stringify(other)}`,
          event('Delivery', {}, { mail: other }),
          [],
        ),
      ),
      example('the words of a topic that was just made', 'Successfully validated SNS topic.', []),
    ],
  },
});

const reader = ses.receipts;
if (!reader) throw new Error('SES has receipts');
const verify = async (request: ReceiptRequest, at = Date.now(), own: Partial<SesConfig> = {}) =>
  reader.verify(request, { ...config, ...own }, { dispatcher: deps.guardedDispatcher, now: () => at });
const delivery = (more: Envelope = {}) => notification(event('Delivery'), more);

describe('the signature', () => {
  it.each(['1', '2'])('is good in version %s, with a subject and without', async (SignatureVersion) => {
    expect(await verify(delivery({ SignatureVersion }))).toBe(true);
    expect(await verify(delivery({ SignatureVersion, Subject: 'Amazon SES Email Event Notification' }))).toBe(
      true,
    );
  });

  it.each(['SubscriptionConfirmation', 'UnsubscribeConfirmation'])(
    'covers the fields of a %s',
    async (Type) => {
      const request = (more?: Envelope) =>
        post(
          { Type, Message: 'x', Token: 't', SubscribeURL: `${sns.url}/?Action=ConfirmSubscription` },
          more,
        );
      expect(await verify(request())).toBe(true);
      expect(await verify(request({ SubscribeURL: `${sns.url}/?Action=Other` }))).toBe(false);
      expect(await verify(request({ Token: 'u' }))).toBe(false);
    },
  );

  it.each<[string, Envelope]>([
    ['its message', { Message: '{}' }],
    ['its id', { MessageId: 'sns-2' }],
    ['its subject', { Subject: 'x' }],
    ['its type', { Type: 'SubscriptionConfirmation' }],
    ['its time', { Timestamp: new Date(Date.now() - 1000).toISOString() }],
    ['its version', { SignatureVersion: '1' }],
    ['a version that there is not', { SignatureVersion: 'constructor' }],
    ['the place of the certificate', { SigningCertURL: 'https://sns.eu-central-1.amazonaws.com/a.pem' }],
  ])('does not hold for a message with another: %s', async (_name, more) => {
    expect(await verify(post({ Message: '[]' }, more))).toBe(false);
  });

  it('is good for a day, and for clocks that are a little apart', async () => {
    const sent = Date.now();
    const request = delivery({ Timestamp: new Date(sent).toISOString() });
    const hour = 3_600_000;
    const answers = [-hour, -60_000, hour, 23 * hour, 25 * hour].map((later) =>
      verify(request, sent + later),
    );
    expect(await Promise.all(answers)).toEqual([false, true, true, true, false]);
    expect(await verify(delivery({ Timestamp: 'yesterday' }))).toBe(false);
  });

  it('needs a certificate that is valid at the time', async () => {
    for (const year of [2019, 2121]) {
      const at = Date.UTC(year, 0, 1);
      expect(await verify(delivery({ Timestamp: new Date(at).toISOString() }), at)).toBe(false);
    }
  });

  it('is nothing without a topic', async () => {
    expect(await verify(delivery(), Date.now(), { topicArn: undefined })).toBe(false);
  });
});

describe('the certificate', () => {
  const asked = () => sns.requests.filter(({ url }) => url.endsWith('.pem')).length;
  const at = (path: string) => delivery({ SigningCertURL: `${sns.url}${path}` });

  it('is fetched once', async () => {
    const before = asked();
    const answers = await Promise.all(Array.from({ length: 10 }, () => verify(at('/once.pem'))));
    expect(answers).toEqual(Array(10).fill(true));
    expect(asked()).toBe(before + 1);
  });

  it.each([
    'https://sns.eu-central-1.amazonaws.com.evil.example/a.pem',
    'https://sns.us-east-1.amazonaws.com/a.pem',
    'http://sns.eu-central-1.amazonaws.com/a.pem',
    'https://user@sns.eu-central-1.amazonaws.com/a.pem',
    'https://sns.eu-central-1.amazonaws.com:8443/a.pem',
    'https://sns.eu-central-1.amazonaws.com/?Action=x&.pem',
    'https://sns.eu-central-1.amazonaws.com/a.pem?x=1',
    'https://sns.eu-central-1.amazonaws.com/a.txt',
    'file:///etc/a.pem',
    'a.pem',
  ])('is not looked for at %s', async (SigningCertURL) => {
    const asks: unknown[] = [];
    const dispatcher = { dispatch: (options: unknown) => asks.push(options) } as never;
    const own = { ...config, snsBaseUrl: undefined };
    expect(await reader.verify(delivery({ SigningCertURL }), own, { dispatcher, now: Date.now })).toBe(false);
    expect(asks).toEqual([]);
  });

  it.each([
    ['aws', 'eu-central-1', 'https://sns.eu-central-1.amazonaws.com'],
    ['aws-us-gov', 'us-gov-west-1', 'https://sns.us-gov-west-1.amazonaws.com'],
    ['aws-cn', 'cn-north-1', 'https://sns.cn-north-1.amazonaws.com.cn'],
  ])("is that of SNS in the topic's region: %s, %s", async (partition, region, origin) => {
    const amazon = new MockAgent();
    amazon.disableNetConnect();
    amazon.get(origin).intercept({ path: '/SimpleNotificationService-1.pem' }).reply(200, CERTIFICATE);
    const topicArn = `arn:${partition}:sns:${region}:123456789012:ses`;
    const SigningCertURL = `${origin}/SimpleNotificationService-1.pem`;
    const own = { ...config, topicArn, snsBaseUrl: undefined };
    const reading = { dispatcher: amazon, now: Date.now };
    expect(await reader.verify(delivery({ TopicArn: topicArn, SigningCertURL }), own, reading)).toBe(true);
    await amazon.close();
  });

  it.each<[string, object, boolean | 'rejects']>([
    ['is not there', { status: 404 }, false],
    ['is elsewhere', { status: 302, headers: { location: '/SimpleNotificationService-1.pem' } }, false],
    ['is no certificate', { body: 'hello' }, false],
    ['has no end', { body: 'x'.repeat(100_000), unfinished: true }, false],
    ['cannot be given now', { status: 503 }, 'rejects'],
  ])('makes nothing good when it %s, and is asked for again', async (name, answer, expected) => {
    const path = `/${name.replaceAll(' ', '-')}.pem`;
    sns.answerWith(answer);
    const first = await verify(at(path)).catch((error: { status?: number }) => error.status);
    expect(first).toBe(expected === 'rejects' ? 503 : false);
    sns.answerWith({ body: CERTIFICATE });
    expect(await verify(at(path))).toBe(true);
  });

  it('makes SNS try again while its host cannot be reached', async () => {
    const gone = await startHttpReceiver();
    await gone.close();
    const request = delivery({ SigningCertURL: `${gone.url}/a.pem` });
    await expect(verify(request, Date.now(), { snsBaseUrl: gone.url })).rejects.toMatchObject({
      status: 503,
    });
  });
});

describe('a confirmation', () => {
  const confirm = async (envelope: Envelope) =>
    reader.confirm?.(post(envelope), config, { dispatcher: deps.guardedDispatcher, now: Date.now });
  const gets = () => sns.requests.filter(({ url }) => url.startsWith('/?')).map(({ url }) => url);
  const subscription = { Type: 'SubscriptionConfirmation', Message: 'x', Token: 't' };

  it('is given by the URL that the message names', async () => {
    sns.answerWith({ body: '<ConfirmSubscriptionResponse/>' });
    expect(await confirm({ ...subscription, SubscribeURL: `${sns.url}/?Action=Confirm&Token=t` })).toBe(true);
    expect(gets()).toEqual(['/?Action=Confirm&Token=t']);
  });

  it('is not asked of the end of a subscription, nor of a notification', async () => {
    const before = gets().length;
    const end = { ...subscription, Type: 'UnsubscribeConfirmation', SubscribeURL: `${sns.url}/?x` };
    expect(await confirm(end)).toBe(true);
    expect(await confirm({ Message: '{}' })).toBe(false);
    expect(gets()).toHaveLength(before);
  });

  it('goes nowhere else', async () => {
    const other = await startHttpReceiver();
    for (const SubscribeURL of [`${other.url}/?x`, 'https://evil.example/', '', 'ftp://x'])
      expect(await confirm({ ...subscription, SubscribeURL })).toBe(false);
    expect(other.requests).toEqual([]);
    await other.close();
  });

  it('fails so that SNS tries again, or for good', async () => {
    sns.answerWith({ status: 500 });
    const envelope = { ...subscription, SubscribeURL: `${sns.url}/?y` };
    await expect(confirm(envelope)).rejects.toMatchObject({ status: 503 });
    sns.answerWith({ status: 400 });
    expect(await confirm(envelope)).toBe(false);
  });
});

it('reads any JSON without an error, and never more than one receipt', async () => {
  const kinds = ['Bounce', 'Complaint', 'Open', 'Subscription', 'Delivery', 'Reject'];
  const anything = fc.oneof(fc.jsonValue(), fc.constantFrom('Permanent', 'Transient', 'NoEmail', AT));
  const fields = fc.dictionary(
    fc.constantFrom('bounceType', 'bounceSubType', 'bouncedRecipients', 'timestamp', 'feedbackId', 'x'),
    anything,
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...kinds), fields, fc.jsonValue(), async (kind, details, tags) => {
      const body = event(kind, details);
      const read = await reader.parse(notification(body));
      expect(read.length).toBeLessThanOrEqual(1);
      for (const receipt of read) {
        expect(receipt).toMatchObject(of);
        if (receipt.kind === 'event') expect(receipt.eventId).toMatch(/^[\x21-\x7e]{1,200}$/);
      }
      expect(await reader.parse(notification(body))).toEqual(read);
      expect(await reader.parse(notification({ ...body, mail: { ...mail, tags } }))).toEqual([]);
    }),
    { numRuns: 40 },
  );
});
