import { LIMITS, type NotificationPageDto, type ProblemDto } from '@herald/contracts';
import { type Answer, createTenant, type RequestOptions, until } from '@herald/testing';
import {
  email,
  newEmail,
  newPhone,
  readNotification,
  send,
  sendOne,
  unique,
  untilSettled,
  untilState,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();

const post = (body: unknown, options?: RequestOptions) =>
  herald.api.post<ProblemDto>('/v1/notifications', body, options);

function problemOf({ status, headers, body }: Answer<ProblemDto>) {
  expect(headers.get('content-type')).toBe('application/problem+json');
  expect(body).toMatchObject({ status, title: expect.any(String), requestId: headers.get('x-request-id') });
  return { status, type: body.type.replace('urn:herald:problem:', '') };
}

const pointersOf = ({ body }: Answer<ProblemDto>) => body.errors?.map(({ pointer }) => pointer).sort();
const good = () => email(newEmail());

describe('what is wrong with a request is named, all at once', () => {
  it.each<[string, object, string[]]>([
    ['an unknown field', { extra: 1 }, ['/extra']],
    ['an unknown field deep inside', { content: { sms: { body: 'B', size: 1 } } }, ['/content/sms/size']],
    ['nothing to say', { content: {} }, ['/content']],
    ['no recipient', { to: [] }, ['/to']],
    ['a recipient without an address', { to: { locale: 'de' } }, ['/to/email']],
    [
      'bad addresses',
      { to: [{ email: 'a@b' }, { phone: '0151' }, { webhookUrl: 'ftp://x' }] },
      ['/to/0/email', '/to/1/phone', '/to/2/webhookUrl'],
    ],
    [
      'bad tags',
      { to: { email: 'a@example.com', locale: '!', timezone: 'Mars/Base' } },
      ['/to/locale', '/to/timezone'],
    ],
    ['a channel without content', { channels: ['email', 'sms'] }, ['/content/sms']],
    ['an unknown channel', { channels: ['pigeon'] }, ['/channels/0']],
    ['an unknown lane and policy', { priority: 'now', delivery: 'maybe' }, ['/delivery', '/priority']],
    ['times that are none', { sendAt: 'tomorrow', expiresAt: 5 }, ['/expiresAt', '/sendAt']],
    [
      'a subject of two lines',
      { content: { email: { subject: 'a\r\nBcc: b@c.de', text: 'T' } } },
      ['/content/email/subject'],
    ],
    ['an e-mail without text', { content: { email: { subject: 'S' } } }, ['/content/email']],
    ['metadata that is no text', { metadata: { n: 1 } }, ['/metadata/n']],
    ['half a surrogate pair', { metadata: { n: '\ud800' } }, ['/metadata/n']],
    [
      'an attachment that is not base64',
      {
        content: {
          email: {
            subject: 'S',
            text: 'T',
            attachments: [{ filename: 'a', contentType: 'text/plain', contentBase64: '%%%%' }],
          },
        },
      },
      ['/content/email/attachments/0/contentBase64'],
    ],
    [
      'a header that is not ours to set',
      { content: { email: { subject: 'S', text: 'T', headers: { 'Message-ID': 'x' } } } },
      ['/content/email/headers/Message-ID'],
    ],
  ])('%s', async (_name, fields, pointers) => {
    const answer = await post({ ...good(), ...fields });
    expect(problemOf(answer)).toEqual({ status: 422, type: 'validation' });
    expect(pointersOf(answer)).toEqual(pointers);
    for (const { detail } of answer.body.errors!) expect(detail.length).toBeGreaterThan(5);
  });

  it.each<[string, unknown, Record<string, string>, number, string]>([
    ['broken JSON', '{"to":', {}, 400, 'malformed-json'],
    ['no body', undefined, {}, 400, 'malformed-json'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), {}, 400, 'malformed-json'],
    ['another content type', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported-media-type'],
    ['a content encoding', '{}', { 'content-encoding': 'gzip' }, 415, 'unsupported-media-type'],
    ['a list', '[]', {}, 422, 'validation'],
  ])('%s', async (_name, body, headers, status, type) => {
    expect(problemOf(await post(body, { headers }))).toEqual({ status, type });
  });

  it('an unknown path is a 404, a known one with another method a 405 that names the right ones', async () => {
    expect(problemOf(await herald.api.get('/v1/nothing'))).toEqual({ status: 404, type: 'not-found' });
    const answer = await herald.api.delete('/v1/notifications');
    expect(problemOf(answer)).toEqual({ status: 405, type: 'method-not-allowed' });
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST');
    expect((await herald.api.patch('/v1/notifications/batch', {})).headers.get('allow')).toContain('POST');
  });

  it.each(['/v1/notifications', '/v1/notifications/batch'])(
    'POST %s takes a slash at its end, and no parameters',
    async (path) => {
      const body = path.endsWith('batch') ? { notifications: [good()] } : good();
      expect((await herald.api.post(`${path}/`, body)).status).toBe(202);
      const answer = await herald.api.post(`${path}?dry=1`, body);
      expect(problemOf(answer)).toEqual({ status: 422, type: 'validation' });
      expect(pointersOf(answer)).toEqual(['/query/dry']);
    },
  );

  it('keeps a request id that it is given', async () => {
    const answer = await post('{', { headers: { 'x-request-id': 'mine-1' } });
    expect([answer.headers.get('x-request-id'), answer.body.requestId]).toEqual(['mine-1', 'mine-1']);
  });
});

describe('size', () => {
  const text = (bytes: number) => 'x'.repeat(bytes);
  const attached = (bytes: number, count = 1) =>
    email(newEmail('attached'), {
      content: {
        email: {
          subject: 'S',
          text: 'T',
          attachments: Array.from({ length: count }, (_, n) => ({
            filename: `${n}.bin`,
            contentType: 'application/octet-stream',
            contentBase64: Buffer.alloc(bytes, n).toString('base64'),
          })),
        },
      },
    });

  it('1 MiB is the limit of a notification', async () => {
    const of = (bytes: number) => {
      const body = JSON.stringify(
        email(newEmail(), { content: { email: { subject: 'S', text: '', html: '' } } }),
      );
      const half = Math.floor((bytes - body.length) / 2);
      const rest = bytes - body.length - half;
      return body
        .replace('"text":""', `"text":"${text(half)}"`)
        .replace('"html":""', `"html":"${text(rest)}"`);
    };
    expect(of(LIMITS.notificationBodyBytes)).toHaveLength(LIMITS.notificationBodyBytes);
    expect((await post(of(LIMITS.notificationBodyBytes))).status).toBe(202);
    const over = await post(of(LIMITS.notificationBodyBytes + 1));
    expect(problemOf(over)).toEqual({ status: 413, type: 'payload-too-large' });
  });

  it('attachments do not count for that; they have 10 MiB of their own', async () => {
    const body = attached(2_500_000, 4);
    const { deliveryId } = await sendOne(herald.api, body);
    await untilState(herald.api, deliveryId, 'sent');
    const [message] = await herald.sandbox.messages((body.to as { email: string }).email);
    expect(message!.attachments).toHaveLength(4);
    expect(message!.attachments).toEqual(
      expect.arrayContaining([expect.objectContaining({ filename: '3.bin', size: 2_500_000 })]),
    );
    const over = await post(attached(2_700_000, 4));
    expect(problemOf(over)).toEqual({ status: 422, type: 'validation' });
    expect(pointersOf(over)).toEqual(['/content/email/attachments']);
  });

  it('far above every limit the answer still arrives', async () => {
    const over = await post(attached(14_000_000));
    expect(problemOf(over)).toEqual({ status: 413, type: 'payload-too-large' });
    const batch = await herald.api.post(
      '/v1/notifications/batch',
      `{"notifications":["${text(LIMITS.batchBodyBytes)}"]}`,
    );
    expect(problemOf(batch)).toEqual({ status: 413, type: 'payload-too-large' });
    // And the API goes on.
    expect((await post(good())).status).toBe(202);
  });

  it('more than 1,000 recipients, or JSON that is nested absurdly, is refused', async () => {
    const many = await post({ ...good(), to: Array(1001).fill({ email: 'a@example.com' }) });
    expect(pointersOf(many)).toEqual(['/to']);
    const deep = `{"to":{"webhookUrl":"https://example.com"},"content":{"webhook":{"payload":{"a":${'['.repeat(5000)}${']'.repeat(5000)}}}}}`;
    expect(problemOf(await post(deep))).toEqual({ status: 422, type: 'validation' });
  });
});

describe('GET /v1/notifications', () => {
  const own = { key: '', phone: newPhone(), to: newEmail('listed'), run: unique('run'), ids: [] as string[] };
  const list = async (query: Record<string, string>): Promise<NotificationPageDto> => {
    const path = `/v1/notifications?${new URLSearchParams(query)}`;
    const { status, body } = await herald.api.get<NotificationPageDto>(path, { key: own.key });
    if (status !== 200) throw new Error(JSON.stringify(body));
    return body;
  };
  const idsOf = async (query: Record<string, string>) => (await list(query)).items.map(({ id }) => id);

  beforeAll(async () => {
    // A tenant of its own, which has no providers: what it sends becomes a dead letter.
    own.key = (await createTenant(herald.admin)).key;
    const api = herald.api.withKey(own.key);
    const bodies = [
      email(own.to, { metadata: { run: own.run, orderId: '1' } }),
      email(newEmail(), { metadata: { run: own.run, orderId: '2', note: 'a b&c' } }),
      { to: { phone: own.phone }, content: { sms: { body: 'B' } }, metadata: { run: own.run } },
      email(own.to, { sendAt: new Date(Date.now() + 3_600_000).toISOString() }),
    ];
    for (const body of bodies) {
      const { id, deliveryId } = await sendOne(api, body);
      own.ids.push(id);
      if (!('sendAt' in body)) await untilSettled(api, deliveryId);
    }
  });

  it('lists newest first', async () => {
    const { items } = await list({});
    expect(items.map(({ id }) => id)).toEqual([...own.ids].reverse());
    expect(items[0]).toMatchObject({ state: 'accepted', counts: { scheduled: 1 }, live: true });
    expect(items[3]).toMatchObject({ state: 'failed', counts: { dead: 1 }, metadata: { orderId: '1' } });
  });

  it.each<[string, () => Record<string, string>, number[]]>([
    ['state', () => ({ state: 'scheduled' }), [3]],
    ['channel', () => ({ channel: 'sms' }), [2]],
    ['state and channel', () => ({ state: 'dead', channel: 'email' }), [1, 0]],
    ['an e-mail address, whatever its case', () => ({ recipient: own.to.toUpperCase() }), [3, 0]],
    ['a phone number', () => ({ recipient: own.phone }), [2]],
    ['a recipient on another channel', () => ({ recipient: own.phone, channel: 'email' }), []],
    ['recipient and state', () => ({ recipient: own.to, state: 'dead' }), [0]],
    ['metadata', () => ({ 'metadata.orderId': '2' }), [1]],
    ['metadata with special characters', () => ({ 'metadata.note': 'a b&c' }), [1]],
    ['two entries of metadata', () => ({ 'metadata.run': own.run, 'metadata.orderId': '1' }), [0]],
    ['metadata and recipient', () => ({ 'metadata.run': own.run, recipient: own.to }), [0]],
    ['nothing that exists', () => ({ 'metadata.orderId': '9' }), []],
  ])('filters by %s', async (_name, query, expected) => {
    expect(await idsOf(query())).toEqual(expected.map((index) => own.ids[index]));
  });

  it('filters by time, both ends included', async () => {
    const at = (await readNotification(herald.api.withKey(own.key), own.ids[1]!)).createdAt;
    const after = new Date(Date.parse(at) + 1).toISOString();
    const [until_, from] = [await idsOf({ to: at }), await idsOf({ from: after })];
    expect([...from, ...until_]).toEqual([...own.ids].reverse());
    expect(until_).toContain(own.ids[0]);
    expect(await idsOf({ from: '2000-01-01T00:00:00Z', to: '2000-01-02T00:00:00Z' })).toEqual([]);
  });

  it('goes on from a cursor, page by page, without a gap or a repeat', async () => {
    const queries: Record<string, string>[] = [
      {},
      { state: 'dead' },
      { 'metadata.run': own.run },
      { recipient: own.to },
    ];
    for (const query of queries) {
      const all = await idsOf(query);
      const paged: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await list({ ...query, limit: '1', ...(cursor && { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(1);
        paged.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor);
      expect(paged).toEqual(all);
    }
  });

  it('a new notification does not disturb a walk through the pages', async () => {
    const first = await list({ limit: '2' });
    const newer = await send(herald.api.withKey(own.key), email(newEmail()));
    const second = await list({ limit: '2', cursor: first.nextCursor! });
    expect(second.items.map(({ id }) => id)).toEqual([own.ids[1], own.ids[0]]);
    await until(async () => (await idsOf({}))[0] === newer.id);
  });

  it.each([
    ['limit=0', '/query/limit'],
    ['limit=201', '/query/limit'],
    ['limit=many', '/query/limit'],
    ['state=lost', '/query/state'],
    ['cursor=nonsense', '/query/cursor'],
    ['from=yesterday', '/query/from'],
    ['color=red', '/query/color'],
  ])('refuses ?%s', async (query, pointer) => {
    const answer = await herald.api.get(`/v1/notifications?${query}`);
    expect(problemOf(answer)).toEqual({ status: 422, type: 'validation' });
    expect(pointersOf(answer)).toEqual([pointer]);
  });
});
