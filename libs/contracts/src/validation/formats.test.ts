import { LIMITS } from '../limits';
import { FORMATS, type FormatName, parseMailbox } from './formats';

interface Examples {
  good: string[];
  bad: string[];
}

/** A P-256 point as browsers give it, without being on the curve. */
const KEY = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]);

const EXAMPLES: Record<FormatName, Examples> = {
  email: {
    good: ['ada@example.com', 'a.b+c@sub.example.co.uk', "o'brien@example.com", 'ü@example.com', 'A@B.CC'],
    bad: [
      '',
      'ada',
      'ada@',
      '@example.com',
      'ada@localhost',
      'a b@example.com',
      'ada@example.com\n',
      'a\ud83d@example.com',
      '"a\r\nRCPT TO:<b@example.com>"@example.com',
      '"a\u0000"@example.com',
      'Ada <ada@example.com>',
      `${'a'.repeat(65)}@example.com`,
    ],
  },
  mailbox: {
    good: [
      'ada@example.com',
      'Ada <ada@example.com>',
      '"Lovelace, Ada" <ada@example.com>',
      '<ada@example.com>',
      'Ünal Öz <u@example.com>',
    ],
    bad: [
      '',
      'Ada',
      'Ada <>',
      'Ada <ada>',
      'Ada <ada@example.com> x',
      'Ada\r\nBcc: eve@example.com <ada@example.com>',
      'Ada\u0000 <ada@example.com>',
      '<<ada@example.com>>',
      `${'A'.repeat(400)} <ada@example.com>`,
    ],
  },
  phone: {
    good: ['+4915112345678', '+14155552671', '+442071838750'],
    bad: [
      '',
      '4915112345678',
      '+49 151 12345678',
      '+0123456789',
      '+1',
      '+1415555267',
      '+49151123456789012',
      '++4915112345678',
      '+4915112345678\n',
    ],
  },
  'http-url': {
    good: [
      'https://example.com',
      'http://example.com:8080/a/b?c=d#e',
      'http://localhost:3000/hook',
      'http://10.0.0.1/',
      'http://[::1]:80/x',
      'https://münchen.de/ü',
      `https://example.com/${'a'.repeat(LIMITS.urlChars - 20)}`,
    ],
    bad: [
      '',
      'example.com',
      'ftp://example.com',
      '//example.com',
      'javascript:alert(1)',
      'https://',
      'https://user:pass@example.com',
      'https://user@example.com',
      'https://exa mple.com',
      'https://example.com:99999',
      'http://256.256.256.256/',
      'http://xn--a/',
      'http://a.0x10/',
      'https://example.com/\n',
      `https://example.com/${'a'.repeat(LIMITS.urlChars - 19)}`,
    ],
  },
  'rfc3339-time': {
    good: [
      '2030-01-31T09:30:00Z',
      '2030-01-31T09:30:00.123456789Z',
      '2030-01-31T09:30:00+01:00',
      '2028-02-29T23:59:59-12:00',
      '9999-12-31T23:59:59Z',
    ],
    bad: [
      '',
      '2030-01-31',
      '2030-01-31T09:30:00',
      '2030-01-31T09:30Z',
      '2029-02-29T00:00:00Z',
      '2030-13-01T00:00:00Z',
      '2030-01-31T24:00:00Z',
      '2030-01-31T09:30:00+24:00',
      '1901 years ago',
      '1769938200',
      '9999-12-31T23:59:59-01:00',
      '12030-01-31T09:30:00Z',
    ],
  },
  'language-tag': {
    good: ['de', 'de-DE', 'zh-Hant-TW', 'en-US-u-ca-buddhist', 'EN-us'],
    bad: ['', 'de_DE', 'd', 'german language', 'de-', '-de', 'de-DE,en'],
  },
  'time-zone': {
    good: ['Europe/Berlin', 'UTC', 'US/Pacific', 'Etc/GMT+5', 'America/Argentina/Buenos_Aires'],
    bad: ['', 'Berlin', '+01:00', 'Europe/Atlantis', 'Europe/Berlin\u0000', '../etc/passwd'],
  },
  'single-line': {
    good: ['', 'Hello', 'Grüße 👋', 'a\u2028b'],
    bad: ['a\nb', 'a\rb', 'a\tb', '\u0000', '\u007f'],
  },
  'header-name': {
    good: ['X-Order-Id', 'List-Unsubscribe', 'x_y', 'a'.repeat(LIMITS.headerNameChars)],
    bad: [
      '',
      'X Order',
      'X:Order',
      'From',
      'bcc',
      'CONTENT-TYPE',
      'X-Ö',
      'a\r\nb',
      'constructor',
      '__proto__',
      'a'.repeat(LIMITS.headerNameChars + 1),
    ],
  },
  'mime-type': {
    good: [
      'application/pdf',
      'image/svg+xml',
      'text/calendar',
      'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    ],
    bad: ['', 'pdf', 'application/', '/pdf', 'text/plain; charset=utf-8', 'text/plain\r\nX: y', '*/*'],
  },
  'file-name': {
    good: ['a.pdf', 'Rechnung März.pdf', '.hidden', '…', '...'],
    bad: ['.', '..', '../a', 'a/b', 'a\\b', 'a\nb', 'a\u0000.pdf'],
  },
  base64: {
    good: ['', 'QQ==', 'QUI=', 'QUJD', '+/+/'],
    bad: ['Q', 'QQ', 'QQ=', 'Q===', '====', 'QU=D', '-_-_', 'QUJD\n', 'QUJ ', 'data:;base64,QUJD'],
  },
  'idempotency-key': {
    good: ['a', '8e03978e-40d5-43e8-bc93-6894a57f9324', 'order 42 "x" \\', '~!'],
    bad: ['', 'ä', 'a\nb', '\u0000', '🔑'],
  },
  'vapid-subject': {
    good: ['mailto:ops@example.com', 'https://example.com', 'https://example.com/contact?a=1'],
    bad: [
      '',
      'ops@example.com',
      'mailto:',
      'mailto:ops@localhost',
      'mailto:ops@example.com\n',
      'http://example.com',
      'https://localhost',
      'https://a:b@example.com',
      'https://',
      `https://example.com/${'x'.repeat(LIMITS.urlChars)}`,
    ],
  },
  'map-key': {
    good: ['orderId', 'order-id_2.x', '0', 'a'.repeat(200)],
    bad: ['', 'a b', 'ä', 'a/b', '$a', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'],
  },
  uuid: {
    good: [
      '01900000-0000-7000-8000-000000000001',
      '01900000-0000-7000-8000-00000000000A',
      '00000000-0000-0000-0000-000000000000',
    ],
    bad: [
      '',
      '01900000000070008000000000000001',
      '{01900000-0000-7000-8000-000000000001}',
      '01900000-0000-7000-8000-00000000000g',
      ' 01900000-0000-7000-8000-000000000001',
    ],
  },
  text: {
    good: ['', 'Grüße 👋🏽', 'two\nlines\r\n\tand a tab'],
    bad: ['a\u0000', 'a\u0007b', '\u001b[31m', '\u007f'],
  },
  'device-token': {
    good: ['a', 'f0E:APA91b-_x', '0123456789abcdef'.repeat(4)],
    bad: ['', 'a b', 'a\n', 'ä'],
  },
  'push-data-key': {
    good: ['orderId', 'order-id_2.x', 'fromage', 'apsis'],
    bad: [
      '',
      'a b',
      'from',
      'message_type',
      'collapse_key',
      'aps',
      'google.x',
      'gcm.y',
      'GoogleZ',
      '__proto__',
    ],
  },
  'collapse-key': { good: ['order-42', 'a b'], bad: ['', 'ä', 'a\n', '\u007f'] },
  'hex-color': { good: ['#000000', '#3366fF'], bad: ['', 'red', '#fff', '336699', '#33669g', '#33669900'] },
  'p256dh-key': {
    good: [KEY.toString('base64url'), KEY.toString('base64url').concat('=')],
    bad: [
      '',
      KEY.toString('base64url').slice(2),
      Buffer.alloc(65, 3).toString('base64url'),
      `${KEY.toString('hex')}`,
    ],
  },
  'auth-secret': {
    good: [Buffer.alloc(16, 1).toString('base64url'), `${Buffer.alloc(16, 1).toString('base64url')}==`],
    bad: ['', Buffer.alloc(15).toString('base64url'), Buffer.alloc(17).toString('base64url'), '*'.repeat(22)],
  },
  'web-push-topic': { good: ['a', 'order_42-x', 'a'.repeat(32)], bad: ['', 'a b', 'a.b', 'a'.repeat(33)] },
  'recipient-id': {
    good: ['user_42', '42', 'ada@example.com', 'Ada Lovelace', 'x'.repeat(LIMITS.recipientIdChars)],
    bad: ['', ' ', ' a', 'a ', 'a\nb', 'x'.repeat(LIMITS.recipientIdChars + 1)],
  },
  'category-name': {
    good: ['orders', 'a.b-c_d', 'a'.repeat(LIMITS.inappCategoryChars)],
    bad: ['', 'my orders', 'ä', 'a'.repeat(LIMITS.inappCategoryChars + 1)],
  },
  'feed-cursor': {
    good: ['0', '12', '9'.repeat(15)],
    bad: ['', '-1', '1.5', '1e3', ' 1', '１', '9'.repeat(16)],
  },
  link: {
    good: ['/', '/orders/42?a=b#c', 'https://example.com/x', 'http://localhost:3000/'],
    bad: [
      '',
      'orders',
      '//evil.example',
      '/\\evil.example',
      'javascript:alert(1)',
      'data:text/html,x',
      '/a b',
      '/ä',
    ],
  },
};

describe.each(Object.keys(FORMATS) as FormatName[])('the format %s', (name) => {
  const { check, wants } = FORMATS[name];

  it.each(EXAMPLES[name].good)('takes %j', (text) => expect(check(text)).toBe(true));

  it.each(EXAMPLES[name].bad)('refuses %j', (text) => expect(check(text)).toBe(false));

  it('says what is wanted', () =>
    expect(wants).toMatch(/^(an?|at most|how|one|printable|standard|text|the|your)\b/));

  // A pattern that backtracks would take minutes for these, and hold up everybody else.
  it('is quick with long and hostile text', () => {
    const startedAt = performance.now();
    for (const fill of [' ', 'a', '"', '<', '\t', 'a@', 'a.', '-', '" ', '=', '1', '/']) {
      for (const head of ['', '"', 'a@', '+', 'http://a']) check(head + fill.repeat(100_000 / fill.length));
    }
    expect(performance.now() - startedAt).toBeLessThan(5000);
  });
});

describe('every accepted URL and time', () => {
  it('can be parsed', () => {
    for (const url of EXAMPLES['http-url'].good) expect(URL.canParse(url)).toBe(true);
    for (const time of EXAMPLES['rfc3339-time'].good) {
      expect(new Date(time).toISOString()).toMatch(/^\d{4}-/);
    }
  });
});

describe('parseMailbox', () => {
  it.each([
    ['ada@example.com', { address: 'ada@example.com' }],
    ['Ada Lovelace <ada@example.com>', { name: 'Ada Lovelace', address: 'ada@example.com' }],
    ['"Lovelace, Ada"  <ada@example.com>', { name: 'Lovelace, Ada', address: 'ada@example.com' }],
    [' <ada@example.com>', { address: 'ada@example.com' }],
    ['Ada', undefined],
    ['Ada <ada@example.com', undefined],
  ])('%s', (text, mailbox) => {
    expect(parseMailbox(text)).toEqual(mailbox);
  });
});
