import { LIMITS } from '../limits';
import { BAD_IN_APPS, GOOD_IN_APPS } from './corpus-apps.fixture';

/** A body for `POST /v1/notifications`, and where it is wrong; no pointer means that it is good. */
export interface CorpusEntry {
  name: string;
  body: unknown;
  /** JSON pointers of the body's problems, in any order. */
  wrongAt: string[];
}

const EMAIL = { subject: 'Hello', text: 'Hello, Ada' };
const ADA = { email: 'ada@example.com' };
const PDF = { filename: 'a.pdf', contentType: 'application/pdf', contentBase64: 'QUJD' };

type Body = Record<string, unknown>;
const send = (over: Body = {}): Body => ({ to: ADA, content: { email: EMAIL }, ...over });
const email = (over: Body): Body => send({ content: { email: { ...EMAIL, ...over } } });
const to = (over: Body): Body => send({ to: { ...ADA, ...over } });
const payload = (value: unknown): Body =>
  send({ to: { webhookUrl: 'https://example.com/h' }, content: { webhook: { payload: value } } });
const parsed = (json: string): unknown => JSON.parse(json);
const without = (name: string): Body =>
  Object.fromEntries(Object.entries(send()).filter(([key]) => key !== name));
const nested = (levels: number): unknown => parsed('{"a":'.repeat(levels) + 1 + '}'.repeat(levels));
const keys = (count: number): Body =>
  Object.fromEntries(Array.from({ length: count }, (_, n) => [`k${n}`, 'v']));

const good: [string, unknown][] = [
  ['the least', send()],
  [
    'everything',
    {
      to: [
        {
          ...ADA,
          phone: '+4915112345678',
          webhookUrl: 'https://example.com/h',
          locale: 'de-DE',
          timezone: 'Europe/Berlin',
        },
        {},
      ],
      channels: ['email', 'sms', 'webhook'],
      content: {
        email: {
          ...EMAIL,
          html: '<p>Hello</p>',
          from: 'Shop <shop@example.com>',
          replyTo: 'help@example.com',
          headers: { 'X-Order-Id': '42' },
          attachments: [PDF, PDF],
        },
        sms: { body: 'Hello' },
        webhook: { payload: { order: { id: 42, items: [1, null, true] } } },
      },
      priority: 'critical',
      sendAt: '2030-01-31T09:30:00Z',
      expiresAt: '2030-02-01T09:30:00+01:00',
      delivery: 'at_most_once',
      metadata: { orderId: '42' },
      idempotencyKey: 'order-42',
    },
  ],
  ['a list of one', send({ to: [ADA] })],
  ['as many recipients as are allowed', send({ to: Array(LIMITS.recipientsPerNotification).fill(ADA) })],
  ['a recipient without an address', send({ to: {} })],
  ['content for no channel', send({ content: {} })],
  ['text in any script', email({ subject: 'Grüße 👋🏽 你好', text: 'ä'.repeat(100_000) })],
  ['a subject of as many code points as are allowed', email({ subject: '👋'.repeat(LIMITS.subjectChars) })],
  ['a subject of one variation selector', email({ subject: '\ufe0f' })],
  ['no headers and no attachments', email({ headers: {}, attachments: [] })],
  ['as many headers as are allowed', email({ headers: keys(LIMITS.headers) })],
  [
    'a header value of as many code points as are allowed',
    email({ headers: { x: '👋'.repeat(LIMITS.headerValueChars) } }),
  ],
  ['empty metadata', send({ metadata: {} })],
  ['as much metadata as is allowed', send({ metadata: keys(LIMITS.metadataKeys) })],
  ['an empty payload', payload({})],
  ['a payload as deep as is allowed', payload(nested(LIMITS.jsonDepth))],
  [
    'a payload with names like those of our fields',
    payload({ to: 1, content: [], prototype: 'x', length: 3 }),
  ],
  ['times in the past', send({ sendAt: '1999-12-31T23:59:59.5-08:00', expiresAt: '2000-01-01T00:00:00Z' })],
  ['a text message as long as is allowed', send({ content: { sms: { body: 'a'.repeat(LIMITS.smsChars) } } })],
  ['a key as long as is allowed', send({ idempotencyKey: 'k'.repeat(LIMITS.idempotencyKeyChars) })],
];

const bad: [string, unknown, ...string[]][] = [
  ['null', null, ''],
  ['a number', 7, ''],
  ['a text', 'hello', ''],
  ['a list', [send()], ''],
  ['nothing in it', {}, '/to', '/content'],
  ['no recipient', without('to'), '/to'],
  ['no content', without('content'), '/content'],
  ['an empty list of recipients', send({ to: [] }), '/to'],
  ['too many recipients', send({ to: Array(LIMITS.recipientsPerNotification + 1).fill(ADA) }), '/to'],
  ['a recipient that is a text', send({ to: 'ada@example.com' }), '/to'],
  ['a recipient that is null', send({ to: null }), '/to'],
  ['recipients that are not objects', send({ to: [ADA, null, 'ada', [ADA]] }), '/to/1', '/to/2', '/to/3'],
  ['a bad address', to({ email: 'ada' }), '/to/email'],
  ['a bad address in a list', send({ to: [ADA, { email: 'ada' }] }), '/to/1/email'],
  ['an address that is null', to({ email: null }), '/to/email'],
  ['an address that is a number', to({ phone: 4915112345678 }), '/to/phone'],
  ['a number that nobody can have', to({ phone: '+4900' }), '/to/phone'],
  ['a URL with credentials', to({ webhookUrl: 'https://u:p@example.com' }), '/to/webhookUrl'],
  ['a URL of another scheme', to({ webhookUrl: 'file:///etc/passwd' }), '/to/webhookUrl'],
  ['a locale with an underscore', to({ locale: 'de_DE' }), '/to/locale'],
  ['a time zone by its offset', to({ timezone: '+01:00' }), '/to/timezone'],
  ['several wrong fields', to({ email: 'x', phone: 'y', name: 'Ada' }), '/to/email', '/to/phone', '/to/name'],
  ['an unknown field', send({ subject: 'Hello' }), '/subject'],
  ['an unknown field that needs escaping', send({ 'a/b~c': 1 }), '/a~1b~0c'],
  ['unknown content', send({ content: { email: EMAIL, fax: {} } }), '/content/fax'],
  [
    'an inherited name',
    parsed('{"to":{"email":"ada@example.com"},"content":{},"__proto__":{"x":1}}'),
    '/__proto__',
  ],
  ['an inherited name in a recipient', to({ constructor: 'x' }), '/to/constructor'],
  ['an inherited name in metadata', send({ metadata: { toString: 'x' } }), '/metadata/toString'],
  ['an inherited name in headers', email({ headers: { valueOf: 'x' } }), '/content/email/headers/valueOf'],
  ['an inherited name in a payload', payload(parsed('{"a":[{"__proto__":{}}]}')), '/content/webhook/payload'],
  ['channels that are not a list', send({ channels: 'email' }), '/channels'],
  ['no channels', send({ channels: [] }), '/channels'],
  ['an unknown channel', send({ channels: ['email', 'fax'] }), '/channels/1'],
  ['a channel twice', send({ channels: ['email', 'email'] }), '/channels'],
  ['a channel that is null', send({ channels: [null] }), '/channels/0'],
  ['content that is null', send({ content: null }), '/content'],
  ['content that is a list', send({ content: [] }), '/content'],
  ['content that is a text', send({ content: 'Hello' }), '/content'],
  ['an e-mail that is null', send({ content: { email: null } }), '/content/email'],
  ['an e-mail that is a list', send({ content: { email: [EMAIL] } }), '/content/email'],
  ['an e-mail without a subject', send({ content: { email: { text: 'Hello' } } }), '/content/email/subject'],
  ['an empty subject', email({ subject: '' }), '/content/email/subject'],
  ['a subject of two lines', email({ subject: 'a\r\nBcc: eve@example.com' }), '/content/email/subject'],
  [
    'a subject that is too long',
    email({ subject: 'a'.repeat(LIMITS.subjectChars + 1) }),
    '/content/email/subject',
  ],
  [
    'a subject too long by a selector',
    email({ subject: `${'a'.repeat(LIMITS.subjectChars)}\ufe0f` }),
    '/content/email/subject',
  ],
  ['a subject that is an object', email({ subject: {} }), '/content/email/subject'],
  ['an empty text', email({ text: '' }), '/content/email/text'],
  ['a text that is null', email({ text: null }), '/content/email/text'],
  ['a page that is too long', email({ html: 'a'.repeat(LIMITS.htmlChars + 1) }), '/content/email/html'],
  ['a sender without an address', email({ from: 'Shop' }), '/content/email/from'],
  ['a sender with a second line', email({ from: 'Shop\n <shop@example.com>' }), '/content/email/from'],
  ['a sender of nothing but spaces', email({ from: ' '.repeat(100_000) }), '/content/email/from'],
  ['a header that Herald sets', email({ headers: { Bcc: 'eve@example.com' } }), '/content/email/headers/Bcc'],
  ['a header of two lines', email({ headers: { 'X-A': 'a\r\nBcc: b' } }), '/content/email/headers/X-A'],
  ['a header that is a number', email({ headers: { 'X-A': 7 } }), '/content/email/headers/X-A'],
  ['a header that is too long', email({ headers: { x: '👋'.repeat(999) } }), '/content/email/headers/x'],
  ['headers that are a list', email({ headers: ['X-A: b'] }), '/content/email/headers'],
  ['too many headers', email({ headers: keys(LIMITS.headers + 1) }), '/content/email/headers'],
  [
    'an attachment with a path',
    email({ attachments: [{ ...PDF, filename: '../a' }] }),
    '/content/email/attachments/0/filename',
  ],
  [
    'an attachment that is not base64',
    email({ attachments: [PDF, { ...PDF, contentBase64: 'a b=' }] }),
    '/content/email/attachments/1/contentBase64',
  ],
  [
    'an empty attachment',
    email({ attachments: [{ ...PDF, contentBase64: '' }] }),
    '/content/email/attachments/0/contentBase64',
  ],
  [
    'an attachment without a type',
    email({ attachments: [{ filename: 'a', contentBase64: 'QUJD' }] }),
    '/content/email/attachments/0/contentType',
  ],
  [
    'an attachment with more fields',
    email({ attachments: [{ ...PDF, path: '/etc/passwd' }] }),
    '/content/email/attachments/0/path',
  ],
  ['an attachment that is null', email({ attachments: [null] }), '/content/email/attachments/0'],
  ['attachments that are an object', email({ attachments: { 0: PDF } }), '/content/email/attachments'],
  [
    'too many attachments',
    email({ attachments: Array(LIMITS.attachments + 1).fill(PDF) }),
    '/content/email/attachments',
  ],
  ['an empty text message', send({ content: { sms: { body: '' } } }), '/content/sms/body'],
  [
    'a text message that is too long',
    send({ content: { sms: { body: 'a'.repeat(LIMITS.smsChars + 1) } } }),
    '/content/sms/body',
  ],
  ['a text message without a body', send({ content: { sms: {} } }), '/content/sms/body'],
  ['a webhook without a payload', send({ content: { webhook: {} } }), '/content/webhook/payload'],
  ['a payload that is a list', payload([1]), '/content/webhook/payload'],
  ['a payload that is null', payload(null), '/content/webhook/payload'],
  ['a payload that is too deep', payload(nested(LIMITS.jsonDepth + 1)), '/content/webhook/payload'],
  ['an unknown priority', send({ priority: 'urgent' }), '/priority'],
  ['a priority that is null', send({ priority: null }), '/priority'],
  ['an unknown policy', send({ delivery: 'exactly_once' }), '/delivery'],
  ['a time without a zone', send({ sendAt: '2030-01-31T09:30:00' }), '/sendAt'],
  ['a time that is a number', send({ sendAt: 1_900_000_000 }), '/sendAt'],
  ['a day that does not exist', send({ expiresAt: '2030-02-30T00:00:00Z' }), '/expiresAt'],
  ['metadata that is a list', send({ metadata: [] }), '/metadata'],
  ['metadata that is nested', send({ metadata: { order: { id: '42' } } }), '/metadata/order'],
  ['metadata that is a number', send({ metadata: { orderId: 42 } }), '/metadata/orderId'],
  ['metadata with a bad name', send({ metadata: { 'a/b': 'x' } }), '/metadata/a~1b'],
  [
    'metadata with a name that is too long',
    send({ metadata: { ['k'.repeat(65)]: 'x' } }),
    `/metadata/${'k'.repeat(65)}`,
  ],
  [
    'metadata that is too long',
    send({ metadata: { a: 'x'.repeat(LIMITS.metadataValueChars + 1) } }),
    '/metadata/a',
  ],
  ['too much metadata', send({ metadata: keys(LIMITS.metadataKeys + 1) }), '/metadata'],
  ['an empty idempotency key', send({ idempotencyKey: '' }), '/idempotencyKey'],
  ['an idempotency key that is too long', send({ idempotencyKey: 'k'.repeat(256) }), '/idempotencyKey'],
  ['an idempotency key that is not ASCII', send({ idempotencyKey: 'schlüssel' }), '/idempotencyKey'],
];

/** Good and bad bodies of `POST /v1/notifications`, for every test of what validates them. */
export const CORPUS: readonly CorpusEntry[] = [
  ...[...good, ...GOOD_IN_APPS].map(([name, body]) => ({ name, body, wrongAt: [] })),
  ...[...bad, ...BAD_IN_APPS].map(([name, body, ...wrongAt]) => ({ name, body, wrongAt })),
];
