import { type BatchAcceptedDto } from '@herald/contracts';
import { email, newEmail, untilSettled } from '../harness/notifications';
import { useHerald } from '../harness/use-herald';

const herald = useHerald();

/** Each would begin a header of its own if some layer took it for a line break. */
const BREAKS: readonly string[] = [
  ...['a\r\nInjected: 1', 'a\nInjected: 1', 'a\rInjected: 1', 'a\r\n\r\nInjected: 1', '\r\nInjected: 1'],
  ...['a\u0000Injected: 1', 'a\u000bInjected: 1', 'a\u001fInjected: 1'],
];
const TRICKS: readonly string[] = [
  ...[
    'a\u2028Injected: 1',
    'a\u2029Injected: 1',
    'a\u0085Injected: 1',
    'a\u009fInjected: 1',
    'a%0d%0aInjected: 1',
  ],
  ...[
    '=?utf-8?Q?a=0D=0AInjected:_1?=',
    '=?utf-8?B?YQ0KSW5qZWN0ZWQ6IDE=?=',
    'a\\r\\nInjected: 1',
    'a&#13;&#10;Injected: 1',
  ],
  ...[
    '嘊嘍Injected: 1',
    `${'é'.repeat(150)}\u2028Injected: 1`,
    `${'x '.repeat(150)}Injected: 1`,
    `${'x'.repeat(180)} Injected: 1`,
  ],
  ...[
    'a" <x@y.example>, "b',
    "a; name*=utf-8''b",
    'a\\',
    'a, b: c;',
    '(comment',
    '<script>alert(1)</script>',
  ],
];

type Fields = Record<string, unknown>;

/** A text at every place of a mail that becomes a header. */
const PLACES: Record<string, (text: string) => Fields> = {
  subject: (text) => ({ subject: text }),
  from: (text) => ({ from: `${text} <a@example.com>` }),
  replyTo: (text) => ({ replyTo: `"${text}" <a@example.com>` }),
  'the value of a header': (text) => ({ headers: { 'X-Probe': text } }),
  'the name of a header': (text) => ({ headers: { [text]: 'x' } }),
  'the name of an attachment': (text) => ({ attachments: [attachment({ filename: text })] }),
  'the type of an attachment': (text) => ({ attachments: [attachment({ contentType: `text/${text}` })] }),
};
const attachment = (fields: Fields) => ({
  filename: 'a.txt',
  contentType: 'text/plain',
  contentBase64: 'aGVsbG8=',
  ...fields,
});

const OURS =
  /^(from|to|subject|reply-to|date|message-id|mime-version|content-type|content-transfer-encoding|x-probe)$/;

/** Posts a mail for each text; gives what became of each, in order. */
async function postAll(place: (text: string) => Fields, texts: readonly string[]) {
  const to = texts.map(() => newEmail('injection'));
  const notifications = texts.map((text, n) =>
    email(to[n] as string, {
      content: { email: { subject: 'S', text: 'T', html: '<p>T</p>', ...place(text) } },
    }),
  );
  const { body } = await herald.api.post<BatchAcceptedDto>('/v1/notifications/batch', { notifications });
  return body.results.map((result, n) => ({ ...result, text: texts[n] as string, to: to[n] as string }));
}

/** The names of the headers of a mail as it went over the wire, and whether any part begins one that is not ours. */
function headersOf(source: string): { names: string[]; injected: boolean } {
  const [head = ''] = source.split('\r\n\r\n', 1);
  const names = head
    .split('\r\n')
    .filter((line) => !/^[ \t]/.test(line))
    .map((line) => line.split(':', 1)[0]!.toLowerCase());
  const bare = /[^\r]\n|\r[^\n]/.test(source);
  return { names, injected: bare || /^(injected|bcc)\s*:/im.test(source) };
}

describe.each(Object.entries(PLACES))('in %s', (_name, place) => {
  it('a line break is refused', async () => {
    const results = await postAll(place, BREAKS);
    expect(results.filter(({ status }) => status !== 422)).toEqual([]);
  });

  it('nothing begins a header of its own', async () => {
    const accepted = (await postAll(place, TRICKS)).filter(({ status }) => status === 202);
    for (const { notification, to, text } of accepted) {
      await untilSettled(herald.api, notification!.deliveries[0]!.id);
      const [message] = await herald.sandbox.messages(to);
      const { headers, source } = (await herald.sandbox.whole(message!.id)) as unknown as {
        headers: Record<string, string>;
        source: string;
      };
      const { names, injected } = headersOf(source);
      expect([text, injected]).toEqual([text, false]);
      expect([text, names.filter((name) => !OURS.test(name))]).toEqual([text, []]);
      expect(names).toHaveLength(new Set(names).size);
      expect([text, Object.keys(headers).filter((name) => !OURS.test(name))]).toEqual([text, []]);
    }
  });
});

describe('in an address', () => {
  it.each([
    ['a line break in a quoted local part', '"a\r\nRCPT TO:<x@example.org>"@example.com'],
    ['a line feed', '"a\nb"@example.com'],
    ['two of them', 'a@example.com,b@example.com'],
    ['a name', 'A <a@example.com>'],
    ['an end and a beginning', 'a@example.com>\r\nRCPT TO:<b@example.com'],
    ['a NUL', 'a\u0000@example.com'],
    ['a source route', '@relay.example:a@example.com'],
  ])('%s is refused', async (_name, to) => {
    const content = { email: { subject: 'S', text: 'T' } };
    const { status, body } = await herald.api.post('/v1/notifications', email(to, { content }));
    expect([status, body.errors?.map(({ pointer }) => pointer)]).toEqual([422, ['/to/email']]);
  });

  it.each([
    'http://example.com/a\r\nX: y',
    'http://exa\tmple.com/',
    'http://example.com/ HTTP/1.1',
    'http://a b.example/',
  ])('of a webhook %j is refused', async (webhookUrl) => {
    const content = { webhook: { payload: {} } };
    const { status } = await herald.api.post('/v1/notifications', { to: { webhookUrl }, content });
    expect(status).toBe(422);
  });
});

it('pages forbid everything that is not their own', async () => {
  const { headers: sandbox } = await fetch(herald.dev.sandboxUrl);
  const { headers: docs } = await fetch(`${herald.dev.apiUrl}/docs`);
  for (const policy of [sandbox, docs].map((headers) => headers.get('content-security-policy') ?? '')) {
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(/script-src ([^;]*)/.exec(policy)?.[1]).toBe("'self'");
  }
});
