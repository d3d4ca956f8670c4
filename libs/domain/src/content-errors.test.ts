import { LIMITS } from '@herald/contracts';
import fc from 'fast-check';
import { contentErrors } from './content-errors';
import { webPushPayload } from './push-payload';

const pointers = (content: Parameters<typeof contentErrors>[0]) =>
  contentErrors(content).map(({ pointer }) => pointer);

it.each([
  ['nothing', {}],
  ['a push with a title alone', { push: { title: 'T' } }],
  ['a push with a body alone', { push: { body: 'B' } }],
  ['a silent push', { push: { data: { sync: '1' } } }],
  ['a web push', { webpush: { title: 'T' } }],
  [
    'an e-mail with a one-click unsubscription',
    {
      email: {
        subject: 'S',
        text: 'T',
        headers: {
          'List-Unsubscribe': '<mailto:u@example.com>, <https://example.com/u>',
          'list-unsubscribe-post': 'List-Unsubscribe=One-Click',
        },
      },
    },
  ],
  ['an item', { inapp: { title: 'T', data: { a: [1] } } }],
])('%s is fine', (_name, content) => {
  expect(contentErrors(content)).toEqual([]);
});

it.each([
  ['an e-mail without text', { email: { subject: 'S' } }, '/content/email'],
  [
    'a one-click unsubscription of other words',
    {
      email: {
        subject: 'S',
        text: 'T',
        headers: { 'List-Unsubscribe': '<https://example.com/u>', 'List-Unsubscribe-Post': 'yes' },
      },
    },
    '/content/email/headers/List-Unsubscribe-Post',
  ],
  [
    'a one-click unsubscription that nothing takes',
    {
      email: {
        subject: 'S',
        text: 'T',
        headers: {
          'List-Unsubscribe': '<mailto:u@example.com>',
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        },
      },
    },
    '/content/email/headers/List-Unsubscribe-Post',
  ],
  ['a push with nothing to show or to tell', { push: { badge: 1 } }, '/content/push'],
  ['a push with empty data', { push: { data: {} } }, '/content/push'],
  [
    'data that alone is too large for a push',
    { push: { title: 'T', data: { a: 'x'.repeat(LIMITS.pushPayloadBytes) } } },
    '/content/push',
  ],
  [
    'data that is too large for a web push',
    { webpush: { title: 'T', data: { a: 'ä'.repeat(LIMITS.webPushPayloadBytes / 2) } } },
    '/content/webpush',
  ],
  [
    'data that is too large for an item',
    { inapp: { title: 'T', data: { a: 'x'.repeat(LIMITS.inappDataBytes) } } },
    '/content/inapp/data',
  ],
])('%s is not', (_name, content, pointer) => {
  expect(pointers(content)).toEqual([pointer]);
});

it('tells how large it may be and how large it is', () => {
  const [error] = contentErrors({ webpush: { title: 'ä'.repeat(2000) } });
  expect(error?.detail).toBe('must come to at most 3993 bytes as JSON; this is 4012');
});

it('takes a web push if and only if what is encrypted fits, counted in bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3000 }), (body) => {
      const webpush = { title: 'T', body, ttlSeconds: 60, urgency: 'high', topic: 't' } as const;
      const payload = webPushPayload(webpush);
      expect(JSON.parse(payload)).toEqual({ title: 'T', body });
      const fits = Buffer.byteLength(payload) <= LIMITS.webPushPayloadBytes;
      expect(contentErrors({ webpush }).length).toBe(fits ? 0 : 1);
    }),
  );
});
