import { createTransport, type Transporter } from 'nodemailer';
import { eventually, postJson, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

describe('the messages API', () => {
  let sandbox: TestSandbox;
  let mail: Transporter;
  const send = (to: string, subject: string, html?: string) =>
    mail.sendMail({ from: 'Acme <acme@shop.test>', to, subject, text: `Text of ${subject}`, html });
  const problemOf = async (path: string) => {
    const response = await fetch(`${sandbox.httpUrl}${path}`);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    return response.json();
  };

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    mail = createTransport({ host: '127.0.0.1', port: sandbox.smtpPort, pool: true, maxConnections: 1 });
  });
  afterEach(() => fetch(`${sandbox.httpUrl}/messages`, { method: 'DELETE' }));
  afterAll(async () => {
    mail.close();
    await sandbox.stop();
  });

  it('lists newest first, a page at a time', async () => {
    for (const subject of ['one', 'two', 'three']) await send('ada@x.test', subject);
    const first = await sandbox.messages('limit=2');
    expect(first.total).toBe(3);
    expect(first.items.map(({ subject }) => subject)).toEqual(['three', 'two']);
    const next = await sandbox.messages(`limit=2&before=${first.items[1].id}`);
    expect(next.items.map(({ subject }) => subject)).toEqual(['one']);
    expect(next.total).toBe(3);
  });

  it('filters by channel, recipient, text and time', async () => {
    await send('ada@x.test', 'Invoice');
    await postJson(`${sandbox.httpUrl}/webhook/orders`, { order: 42 });
    const subjects = async (query: string) => (await sandbox.messages(query)).items.map(({ to }) => to);
    const webhook = `${sandbox.httpUrl}/webhook/orders`;
    expect(await subjects('channel=webhook')).toEqual([webhook]);
    expect(await subjects('to=ADA@x.test')).toEqual(['ada@x.test']);
    expect(await subjects('to=ada')).toEqual([]);
    expect(await subjects(`to=${encodeURIComponent(webhook)}`)).toEqual([webhook]);
    expect(await subjects('to=/webhook/orders')).toEqual([webhook]);
    expect(await subjects('q=INVOICE')).toEqual(['ada@x.test']);
    expect(await subjects('q=text+of+inv')).toEqual(['ada@x.test']);
    expect(await subjects('q=order')).toEqual([webhook]);
    const [{ receivedAt }] = (await sandbox.messages('channel=webhook')).items;
    const later = new Date(Date.parse(receivedAt) + 1).toISOString();
    expect((await sandbox.messages(`since=${receivedAt}&channel=webhook`)).total).toBe(1);
    expect((await sandbox.messages(`since=${later}`)).total).toBe(0);
  });

  it('gives a brief view for lists that are read often', async () => {
    await send('ada@x.test', 'Grüße ✓');
    const { items } = await sandbox.messages('view=brief');
    expect(items).toEqual([
      {
        id: expect.any(String),
        receivedAt: expect.any(String),
        channel: 'email',
        to: 'ada@x.test',
        from: '"Acme" <acme@shop.test>',
        subject: 'Grüße ✓',
        preview: '',
        status: null,
      },
    ]);
  });

  it.each([
    ['limit=0', 'limit'],
    ['limit=10001', 'limit'],
    ['limit=many', 'limit'],
    ['channel=fax', 'channel'],
    ['since=yesterday', 'since'],
    ['view=huge', 'view'],
    ['chanel=sms', 'chanel'],
    ['to=a&to=b', 'to'],
  ])('refuses %s, naming it', async (query, pointer) => {
    expect(await problemOf(`/messages?${query}`)).toMatchObject({ status: 422, errors: [{ pointer }] });
  });

  it('serves the HTML of a mail for a frame in which nothing runs', async () => {
    await send(
      'ada@x.test',
      'Hi',
      '<html><head><title>x</title></head><body><script>1</script>Hi</body></html>',
    );
    const [{ id }] = (await sandbox.messages()).items;
    const response = await fetch(`${sandbox.httpUrl}/messages/${id}/html`);
    const policy = response.headers.get('content-security-policy');
    expect(policy).toMatch(/^sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'/);
    expect(policy).toContain('img-src data: https:');
    expect(policy).not.toContain('allow-scripts');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    expect(await response.text()).toContain('<head><base target="_blank"><title>');
  });

  it('says when there is no such message, no HTML, or no such route', async () => {
    await send('ada@x.test', 'plain');
    const [{ id }] = (await sandbox.messages()).items;
    expect(await problemOf(`/messages/${id}/html`)).toMatchObject({ status: 404 });
    expect(await problemOf('/messages/none')).toMatchObject({ status: 404 });
    expect(await problemOf('/nothing')).toMatchObject({ status: 404, type: 'urn:herald:problem:not-found' });
  });

  it('counts by channel', async () => {
    await send('ada@x.test', 'one');
    await postJson(`${sandbox.httpUrl}/webhook`, {});
    const stats = await (await fetch(`${sandbox.httpUrl}/stats`)).json();
    const counts = { email: 1, sms: 0, push: 0, webpush: 0, inapp: 0, webhook: 1 };
    expect(stats).toEqual({ counts, total: 2 });
  });

  it('streams that something changed, bounded in rate, until the client leaves', async () => {
    const leaving = new AbortController();
    const response = await fetch(`${sandbox.httpUrl}/messages/stream`, { signal: leaving.signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    const events: { total: number }[] = [];
    const reading = readEvents(response, (event) => events.push(event));
    await eventually(() => events.length === 1);
    await Promise.all(Array.from({ length: 200 }, () => postJson(`${sandbox.httpUrl}/webhook`, {})));
    await eventually(() => events.at(-1)?.total === 200);
    expect(events.length).toBeLessThan(50);
    leaving.abort();
    await reading;
  });
});

async function readEvents(response: Response, take: (event: { total: number }) => void): Promise<void> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of response.body as ReadableStream<Uint8Array> & AsyncIterable<Uint8Array>) {
      const blocks = (rest + decoder.decode(chunk, { stream: true })).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (data !== undefined) take(JSON.parse(data));
      }
    }
  } catch (error) {
    if ((error as Error).name !== 'AbortError') throw error;
  }
}
