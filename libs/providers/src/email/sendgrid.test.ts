import { generateKeyPairSync, sign } from 'node:crypto';
import { type EmailMessage, type ReceiptRequest } from '@herald/delivery';
import { createGuardedDispatcher } from '@herald/platform';
import { providerDeps, type ScriptedHttpServer, sendContext, startScriptedHttpServer } from '@herald/testing';
import { simpleParser } from 'mailparser';
import { type SendgridConfig, sendgrid } from './sendgrid';

const message: EmailMessage = {
  to: 'ada@example.org',
  subject: 'Hello',
  text: 'Hi',
  headers: {},
  attachments: [],
};

describe('sendgrid', () => {
  let server: ScriptedHttpServer;
  const deps = providerDeps();
  beforeEach(async () => {
    server = await startScriptedHttpServer();
    server.reply({ status: 202, headers: { 'x-message-id': 'm1' } });
  });
  afterEach(() => server.close());
  afterAll(() => deps.guardedDispatcher.destroy());

  const config = (): SendgridConfig => ({
    apiKey: 'SG.0123456789.abcdef',
    from: 'Shop <shop@example.com>',
    apiBaseUrl: server.url,
  });
  async function send(more: Partial<EmailMessage> = {}, configured: Partial<SendgridConfig> = {}) {
    const provider = await sendgrid.open({ ...config(), ...configured }, deps);
    const context = sendContext();
    const outcome = await provider.send({ ...message, ...more }, context);
    await provider.close();
    const sent = server.arrivals.at(-1);
    return { outcome, context, path: sent?.path, body: JSON.parse(sent?.body ?? 'null') };
  }

  it("gives the message's id as SendGrid answers it, and none where it has none", async () => {
    expect((await send()).outcome).toEqual({ outcome: 'accepted', providerMessageId: 'm1' });
    server.reply({ status: 202 });
    expect((await send()).outcome).toEqual({ outcome: 'accepted' });
  });

  it("uses the message's own sender, reply address and attachments", async () => {
    const { body, context } = await send({
      from: '"Doe, Jane" <jane@bücher.example>',
      replyTo: 'help@example.net',
      attachments: [{ filename: 'a.pdf', contentType: 'application/pdf', content: Buffer.from('PDF!') }],
    });
    expect(body).toMatchObject({
      from: { email: 'jane@xn--bcher-kva.example', name: 'Doe, Jane' },
      reply_to: { email: 'help@example.net' },
      attachments: [
        { content: 'UERGIQ==', filename: 'a.pdf', type: 'application/pdf', disposition: 'attachment' },
      ],
      headers: { 'Message-ID': `<${context.deliveryId}@xn--bcher-kva.example>` },
    });
  });

  it('writes to a domain as mail servers know it, and leaves a literal one alone', async () => {
    expect((await send({ to: 'ada@bücher.example' })).body.personalizations).toEqual([
      { to: [{ email: 'ada@xn--bcher-kva.example' }] },
    ]);
    expect((await send({ to: 'ada@[192.0.2.1]' })).body.personalizations).toEqual([
      { to: [{ email: 'ada@[192.0.2.1]' }] },
    ]);
  });

  it('sends no part that is empty', async () => {
    expect((await send()).body.content).toEqual([{ type: 'text/plain', value: 'Hi' }]);
    expect((await send({ text: '', html: '<img>' })).body.content).toEqual([
      { type: 'text/html', value: '<img>' },
    ]);
  });

  it('keeps headers, encoded where they have to be, without those that SendGrid makes itself', async () => {
    const unsubscribe = '<https://example.com/u?a="1">';
    const { body, context } = await send({
      headers: {
        'List-Unsubscribe': unsubscribe,
        'X-Greeting': `Grüße ${'an alle '.repeat(20)}`.trim(),
        'X-SG-EID': 'x',
        Subject: 'y',
        'message-id': '<z>',
      },
    });
    expect(Object.keys(body.headers).sort()).toEqual(['List-Unsubscribe', 'Message-ID', 'X-Greeting']);
    expect(body.headers['Message-ID']).toContain(context.deliveryId);
    expect(body.headers['List-Unsubscribe']).toBe(unsubscribe);
    const greeting = body.headers['X-Greeting'];
    expect(greeting).toMatch(/^[\x20-\x7e]+$/);
    for (const word of greeting.split(' ')) expect(word.length).toBeLessThanOrEqual(75);
    const { subject } = await simpleParser(`Subject: ${greeting}\r\n\r\n`);
    expect(subject).toBe(`Grüße ${'an alle '.repeat(20)}`.trim());
  });

  it('forces no tracking, and stays far from the limit of custom arguments', async () => {
    const { body } = await send();
    expect(body).not.toHaveProperty('tracking_settings');
    expect(body).not.toHaveProperty('mail_settings');
    expect(JSON.stringify(body.custom_args).length).toBeLessThan(10_000);
  });

  it('asks for the sandbox mode, whose answer is 200', async () => {
    server.reply({ status: 200 });
    const { outcome, body } = await send({}, { sandboxMode: true });
    expect(outcome).toEqual({ outcome: 'accepted' });
    expect(body.mail_settings).toEqual({ sandbox_mode: { enable: true } });
  });

  it('takes a base URL with a path', async () => {
    expect((await send({}, { apiBaseUrl: `${server.url}/sendgrid//` })).path).toBe('/sendgrid/v3/mail/send');
  });

  it("says SendGrid's words to a person, shortened", async () => {
    const errors = [{ message: 'a'.repeat(400) }, { message: 'b'.repeat(400) }];
    server.reply({ status: 400, body: JSON.stringify({ errors }) });
    const { outcome } = await send();
    expect(outcome.detail).toMatch(/^a{400} b{111}$/);
  });

  it('does not follow a base URL into the internal network', async () => {
    const guarded = createGuardedDispatcher({
      allow: [],
      connectTimeoutMs: 1000,
      headersTimeoutMs: 1000,
      bodyTimeoutMs: 1000,
    });
    const provider = await sendgrid.open(config(), { ...deps, guardedDispatcher: guarded });
    expect(await provider.send(message, sendContext())).toMatchObject({
      outcome: 'config-halt',
      code: 'forbidden_address',
    });
    expect(server.arrivals).toEqual([]);
    await provider.close();
    await guarded.destroy();
  });
});

describe("SendGrid's events", () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const webhookPublicKey = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
  const base: SendgridConfig = { apiKey: 'SG.0123456789.abcdef', from: 'shop@example.com' };
  const NOW = 1_900_000_000_000;
  const signed = (timestamp: string, rawBody = Buffer.from('[]')): ReceiptRequest => ({
    url: 'https://edge.example.com/v1/receipts/p1',
    headers: {
      'x-twilio-email-event-webhook-timestamp': timestamp,
      'x-twilio-email-event-webhook-signature': sign(
        'sha256',
        Buffer.concat([Buffer.from(timestamp), rawBody]),
        privateKey,
      ).toString('base64'),
    },
    rawBody,
  });
  const { dispatcher } = { dispatcher: providerDeps().guardedDispatcher };
  const verify = (request: ReceiptRequest, config: SendgridConfig = { ...base, webhookPublicKey }) =>
    sendgrid.receipts?.verify(request, config, { dispatcher, now: () => NOW });
  const seconds = (offset: number) => String(NOW / 1000 + offset);
  afterAll(() => dispatcher.destroy());

  it('are believed for a day, and a little ahead of our clock', () => {
    expect(verify(signed(seconds(0)))).toBe(true);
    expect(verify(signed(seconds(-86_400)))).toBe(true);
    expect(verify(signed(seconds(-86_401)))).toBe(false);
    expect(verify(signed(seconds(300)))).toBe(true);
    expect(verify(signed(seconds(301)))).toBe(false);
  });

  it('are not believed at a time that is none, or another than was signed', () => {
    for (const timestamp of ['', '-1', 'now', `${seconds(0)}.0`, '1e9', '9'.repeat(30)]) {
      expect(verify(signed(timestamp))).toBe(false);
    }
    const moved = signed(seconds(0));
    moved.headers['x-twilio-email-event-webhook-timestamp'] = seconds(1);
    expect(verify(moved)).toBe(false);
  });

  it('are not believed without a key, or with one that is none', () => {
    expect(verify(signed(seconds(0)), base)).toBe(false);
    expect(verify(signed(seconds(0)), { ...base, webhookPublicKey: 'aGVyYWxk' })).toBe(false);
  });

  it('are signed over bytes, whatever these mean', async () => {
    const body = Buffer.from([0x5b, 0xff, 0x00, 0x5d]);
    expect(verify(signed(seconds(0), body))).toBe(true);
    expect(await sendgrid.receipts?.parse(signed(seconds(0), body))).toEqual([]);
  });

  it('are read up to a bound', async () => {
    const event = { event: 'processed', herald_delivery_id: '01890a5d-ac96-774b-bcce-b302099a8057' };
    const rawBody = Buffer.from(JSON.stringify(Array.from({ length: 5001 }, () => event)));
    expect(await sendgrid.receipts?.parse(signed(seconds(0), rawBody))).toHaveLength(5000);
  });
});
