import { createPublicKey, verify } from 'node:crypto';
import { type BatchCatcher, type CaughtBatch, catchBatches } from '../testing/batch-catcher';
import { eventually, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

const API_KEY = 'SG.a-key-of-the-tests';
const SETTINGS = '/v3/user/webhooks/event/settings';

describe('the SendGrid API', () => {
  let sandbox: TestSandbox;
  let catcher: BatchCatcher;

  const mail = (more: object = {}) => ({
    personalizations: [{ to: [{ email: 'ada@example.org' }] }],
    from: { email: 'shop@example.com', name: 'Shop' },
    subject: 'Grüße',
    content: [
      { type: 'text/plain', value: 'Hallo' },
      { type: 'text/html', value: '<p>Hallo</p>' },
    ],
    custom_args: { order: '42' },
    ...more,
  });
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    fetch(sandbox.httpUrl + path, {
      method,
      headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  const post = (more: object = {}) => call('POST', '/v3/mail/send', mail(more));
  const behave = (action: object, more: object = {}) =>
    sandbox.behave({ channel: 'email', action, times: 1, ...more });
  const names = () => catcher.events().map(({ event }) => event);
  const fieldsOf = async (response: Response) => {
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { field: string | null; message: string }[] };
    for (const { message } of errors) expect(message).toMatch(/\w/);
    return errors.map(({ field }) => field);
  };

  beforeAll(async () => {
    sandbox = await startTestSandbox({ sendgrid: { apiKey: API_KEY } });
  });
  beforeEach(async () => {
    catcher = await catchBatches();
    await call('PATCH', SETTINGS, { enabled: true, url: catcher.url });
  });
  afterEach(async () => {
    sandbox.store.clear();
    sandbox.behaviours.clear();
    await call('PATCH', SETTINGS, { enabled: false });
    await catcher.stop();
  });
  afterAll(() => sandbox.stop());

  it('accepts a mail and keeps it as one that came by SMTP', async () => {
    const response = await post({
      reply_to: { email: 'help@example.com' },
      headers: { 'Message-ID': '<1@example.com>', 'X-Order': '42' },
      attachments: [{ content: 'UERGIQ==', filename: 'a.pdf', type: 'application/pdf' }],
    });
    expect([response.status, await response.text()]).toEqual([202, '']);
    const [item] = (await sandbox.messages('channel=email')).items;
    expect(item).toMatchObject({
      channel: 'email',
      to: 'ada@example.org',
      from: '"Shop" <shop@example.com>',
      envelopeFrom: 'shop@example.com',
      replyTo: 'help@example.com',
      subject: 'Grüße',
      text: 'Hallo',
      html: '<p>Hallo</p>',
      messageId: '<1@example.com>',
      headers: { 'message-id': '<1@example.com>', 'x-order': '42' },
      attachments: [{ filename: 'a.pdf', contentType: 'application/pdf', size: 4 }],
      sendgridMessageId: response.headers.get('x-message-id'),
      customArgs: { order: '42' },
    });
    const whole = (await (await fetch(`${sandbox.httpUrl}/messages/${item.id}`)).json()) as {
      source: string;
    };
    expect(JSON.parse(whole.source)).toMatchObject({ subject: 'Grüße' });
    expect(await (await fetch(`${sandbox.httpUrl}/messages/${item.id}/html`)).text()).toContain(
      '<p>Hallo</p>',
    );
    await eventually(async () => (await sandbox.messages('view=brief')).items[0]?.status === 'delivered');
  });

  it('keeps a message for each recipient, with what was meant for it', async () => {
    await post({
      personalizations: [
        { to: [{ email: 'a@example.org' }], cc: [{ email: 'b@example.org' }], custom_args: { order: '43' } },
        { to: [{ email: 'c@example.org' }], subject: 'Other' },
      ],
    });
    const { items } = await sandbox.messages('channel=email');
    expect(items.map(({ to, subject, customArgs }) => [to, subject, customArgs.order]).sort()).toEqual([
      ['a@example.org', 'Grüße', '43'],
      ['b@example.org', 'Grüße', '43'],
      ['c@example.org', 'Other', '42'],
    ]);
  });

  it('only checks in sandbox mode', async () => {
    expect((await post({ mail_settings: { sandbox_mode: { enable: true } } })).status).toBe(200);
    expect(sandbox.store.size).toBe(0);
  });

  it('wants its key, at every door', async () => {
    for (const [method, path] of [
      ['POST', '/v3/mail/send'],
      ['GET', SETTINGS],
      ['GET', `${SETTINGS}/signed`],
    ] as const) {
      const response = await call(method, path, undefined, { authorization: 'Bearer SG.another' });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({ errors: [{ field: null }] });
    }
  });

  it('knows no more of the API than it says', async () => {
    expect((await call('GET', '/v3/mail/send')).status).toBe(405);
    expect((await call('DELETE', SETTINGS)).status).toBe(405);
    expect((await call('GET', '/v3/templates')).status).toBe(404);
    expect((await call('POST', '/v3/mail/send', 'a=b', { 'content-type': 'text/plain' })).status).toBe(415);
  });

  it.each([
    [{ personalizations: undefined }, ['personalizations']],
    [{ personalizations: [] }, ['personalizations']],
    [{ personalizations: Array(1001).fill({}) }, ['personalizations']],
    [{ personalizations: [{ to: [] }] }, ['personalizations.0.to']],
    [{ personalizations: [{ to: [{ email: 'ada' }] }] }, ['personalizations.0.to.0.email']],
    [{ personalizations: [{ to: [{}] }] }, ['personalizations.0.to.0.email']],
    [{ from: undefined }, ['from.email']],
    [{ from: { email: 'shop' }, subject: '' }, ['from.email', 'subject']],
    [{ reply_to: { email: 'x' } }, ['reply_to.email']],
    [{ content: [] }, ['content']],
    [{ content: [{ type: 'text/plain', value: '' }] }, ['content.0.value']],
    [
      {
        content: [
          { type: 'text/html', value: 'x' },
          { type: 'text/plain', value: 'x' },
        ],
      },
      ['content'],
    ],
    [{ headers: { 'Reply-To': 'x' } }, ['headers.Reply-To']],
    [{ headers: { 'X-Number': 7 } }, ['headers.X-Number']],
    [{ custom_args: { big: 'x'.repeat(10_000) } }, ['custom_args']],
    [{ attachments: [{ content: '%', filename: 'a' }] }, ['attachments.0.content']],
    [{ attachments: [{ content: 'UERGIQ==' }] }, ['attachments.0.filename']],
  ])('refuses %j and names the field', async (more, fields) => {
    expect(await fieldsOf(await post(more))).toEqual(fields);
    expect(sandbox.store.size).toBe(0);
  });

  it('refuses what is no JSON, or no object', async () => {
    for (const body of ['{', '7', 'null', '[]']) {
      expect(await fieldsOf(await call('POST', '/v3/mail/send', body))).toEqual([null]);
    }
  });

  describe('the event webhook', () => {
    const publicKey = async () => {
      const response = await call('GET', `${SETTINGS}/signed`);
      return ((await response.json()) as { public_key: string }).public_key;
    };
    const isSigned = ({ headers, body }: CaughtBatch, key: string) =>
      verify(
        'sha256',
        Buffer.from(`${headers['x-twilio-email-event-webhook-timestamp']}${body}`),
        createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' }),
        Buffer.from(headers['x-twilio-email-event-webhook-signature'] ?? '', 'base64'),
      );

    it('tells in signed batches what becomes of a mail', async () => {
      const id = (await post()).headers.get('x-message-id');
      await eventually(() => names().length === 2);
      expect(names().sort()).toEqual(['delivered', 'processed']);
      for (const event of catcher.events()) {
        expect(event).toMatchObject({ email: 'ada@example.org', order: '42', 'smtp-id': expect.any(String) });
        expect(event.sg_message_id.split('.')[0]).toBe(id);
        expect(Math.abs(event.timestamp * 1000 - Date.now())).toBeLessThan(10_000);
      }
      expect(new Set(catcher.events().map(({ sg_event_id }) => sg_event_id)).size).toBe(2);
      const key = await publicKey();
      for (const batch of catcher.batches) {
        expect(isSigned(batch, key)).toBe(true);
        expect(isSigned({ ...batch, body: `${batch.body} ` }, key)).toBe(false);
      }
    });

    it('gathers the events of many mails', async () => {
      await post({
        personalizations: [{ to: [1, 2, 3, 4, 5].map((n) => ({ email: `a${n}@example.org` })) }],
      });
      await eventually(() => names().length === 10);
      expect(catcher.batches.length).toBeLessThan(10);
    });

    it('shows its key to whoever reads the addresses, and keeps one that is given', async () => {
      const { sendgrid } = (await (await fetch(`${sandbox.httpUrl}/addresses`)).json()) as {
        sendgrid: object;
      };
      expect(sendgrid).toEqual({ apiKey: API_KEY, publicKey: await publicKey() });
    });

    it('is set as the account says', async () => {
      const created = await call('POST', SETTINGS, { enabled: true, url: catcher.url, delivered: false });
      expect(created.status).toBe(201);
      expect(await (await call('GET', SETTINGS)).json()).toEqual({
        enabled: true,
        url: catcher.url,
        delivered: false,
      });
      await behave({ type: 'events', events: ['open'] });
      await post();
      await eventually(() => names().includes('open'));
      expect(names().sort()).toEqual(['open', 'processed']);
      await call('PATCH', SETTINGS, { delivered: true });
      for (const url of ['', 'ftp://x', 7]) {
        expect(await fieldsOf(await call('PUT', SETTINGS, { enabled: true, url }))).toEqual(['url']);
      }
    });

    it('posts nothing while it is off, and again what was not taken', async () => {
      await call('PATCH', SETTINGS, { enabled: false });
      await post();
      await eventually(async () => (await sandbox.messages('view=brief')).items[0]?.status === 'delivered');
      expect(catcher.batches).toEqual([]);
      const failing = await catchBatches((nth) => (nth === 1 ? 500 : 200));
      await call('PATCH', SETTINGS, { enabled: true, url: failing.url });
      await post();
      const [first] = await eventually(() => failing.batches.length > 0 && failing.batches);
      await eventually(() => failing.batches.filter(({ body }) => body === first?.body).length === 2);
      await failing.stop();
    });

    it.each([
      [['bounce'], ['processed', 'bounce'], { type: 'bounce', status: '5.1.1' }, 'undelivered'],
      [['blocked'], ['processed', 'bounce'], { type: 'blocked', status: '5.7.1' }, 'undelivered'],
      [['dropped'], ['dropped'], { reason: 'Bounced Address' }, 'undelivered'],
      [['deferred'], ['processed', 'deferred', 'delivered'], {}, 'delivered'],
      [['open', 'click'], ['processed', 'delivered', 'open', 'click'], {}, 'delivered'],
      [['spamreport'], ['processed', 'delivered', 'spamreport'], {}, 'delivered'],
      [['group_unsubscribe'], ['processed', 'delivered', 'group_unsubscribe'], {}, 'delivered'],
    ])('tells of %j on demand', async (events, expected, fields, status) => {
      await behave({ type: 'events', events }, { match: { to: 'ada@*' } });
      await post();
      await eventually(() => names().length === expected.length);
      expect(names().sort()).toEqual([...expected].sort());
      expect(catcher.events().find(({ event }) => event === expected.at(-1))).toMatchObject(fields);
      expect((await sandbox.messages('view=brief')).items[0].status).toBe(status);
    });

    it('doubles, reorders and withholds events on demand', async () => {
      await behave({ type: 'events', mode: 'doubled' });
      await post();
      await eventually(() => names().length === 4);
      expect(new Set(catcher.events().map(({ sg_event_id }) => sg_event_id)).size).toBe(2);
      catcher.batches.length = 0;
      await behave({ type: 'events', mode: 'reordered' });
      await post();
      await eventually(() => names().length === 2);
      expect(names()).toEqual(['delivered', 'processed']);
      catcher.batches.length = 0;
      await behave({ type: 'events', mode: 'none' }, { match: { to: 'ada@*' } });
      await post();
      await post({ personalizations: [{ to: [{ email: 'last@example.org' }] }] });
      await eventually(() => names().length === 2);
      expect(catcher.events().map(({ email }) => email)).toEqual(['last@example.org', 'last@example.org']);
    });
  });

  describe('misbehaving', () => {
    it('refuses with an HTTP status', async () => {
      await behave({ type: 'fail', code: 503, retryAfterSeconds: 7 });
      const response = await post();
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
      expect(await response.json()).toMatchObject({ errors: [{ message: expect.any(String), field: null }] });
      expect(sandbox.store.size).toBe(0);
    });

    it('takes rules for its own door, and none for another', async () => {
      await behave({ type: 'fail', code: 503 }, { match: { provider: 'smtp' } });
      expect((await post()).status).toBe(202);
      await behave({ type: 'fail', code: 500 }, { match: { provider: 'sendgrid' } });
      expect((await post()).status).toBe(500);
    });

    it('throttles with the time at which it counts anew', async () => {
      await behave({ type: 'throttle', perSecond: 0.01, retryAfterSeconds: 60 }, { times: undefined });
      expect((await post()).status).toBe(202);
      const response = await post();
      expect([response.status, response.headers.get('x-ratelimit-remaining')]).toEqual([429, '0']);
      const seconds = Number(response.headers.get('x-ratelimit-reset')) - Date.now() / 1000;
      expect(seconds).toBeGreaterThan(30);
      expect(seconds).toBeLessThan(62);
    });

    it.each([
      ['550 5.1.1', 'bounce', { type: 'bounce', status: '5.1.1' }],
      ['550 5.7.1', 'bounce', { type: 'blocked', status: '5.7.1' }],
      ['552 5.2.2', 'bounce', { type: 'blocked', status: '5.2.2' }],
      [550, 'bounce', { type: 'bounce', status: '550' }],
      [451, 'deferred', { status: '451' }],
      ['452 4.2.2', 'deferred', { status: '4.2.2' }],
    ])('takes a mail that the mailbox refuses with %s, and tells later', async (code, name, fields) => {
      await behave({ type: 'fail', code });
      expect((await post()).status).toBe(202);
      await eventually(() => names().includes(name));
      expect(catcher.events().find(({ event }) => event === name)).toMatchObject(fields);
    });

    it('drops the connection with the mail taken or not, and answers with something else', async () => {
      await behave({ type: 'drop' });
      await expect(post()).rejects.toThrow();
      expect(sandbox.store.size).toBe(0);
      await behave({ type: 'drop', at: 'after-data' });
      await expect(post()).rejects.toThrow();
      expect(sandbox.store.size).toBe(1);
      await behave({ type: 'garbage' });
      expect(await (await post()).text()).toContain('<html>');
    });

    it('names what is wrong with a rule for events', async () => {
      for (const action of [
        { type: 'events', events: ['party'] },
        { type: 'events', events: 'open' },
        { type: 'events', mode: 'loud' },
      ]) {
        await expect(behave(action)).rejects.toThrow(/events|mode/);
      }
      await expect(behave({ type: 'events', events: ['open'] }, { channel: 'sms' })).rejects.toThrow('email');
    });
  });
});
