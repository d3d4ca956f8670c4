import { connect } from 'node:net';
import { createTransport, type Transporter } from 'nodemailer';
import { eventually, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

interface SmtpError {
  code?: string;
  responseCode?: number;
  response?: string;
}

describe('the SMTP server', () => {
  let sandbox: TestSandbox;
  let mail: Transporter;
  const transport = (more: object = {}) =>
    createTransport({ host: '127.0.0.1', port: sandbox.smtpPort, ignoreTLS: true, ...more });
  const letter = (more: object = {}) => ({
    from: 'Acme <acme@shop.test>',
    to: 'ada@x.test',
    subject: 'Hello',
    text: 'Hi Ada',
    ...more,
  });
  const failure = async (sending: Promise<unknown>): Promise<SmtpError> => {
    const outcome = await sending.then(
      () => undefined,
      (error: SmtpError) => error,
    );
    if (outcome === undefined) throw new Error('it was sent');
    return outcome;
  };

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    mail = transport();
  });
  afterEach(() => {
    sandbox.store.clear();
    sandbox.behaviours.clear();
  });
  afterAll(() => sandbox.stop());

  it('keeps a mail with all that is in it', async () => {
    const html = '<p>Hi <b>Ada</b></p>';
    const sent = await mail.sendMail(
      letter({
        html,
        messageId: '<delivery-1@herald.test>',
        headers: { 'List-Unsubscribe': '<https://x.test/u>' },
        attachments: [{ filename: 'terms.txt', content: 'terms' }],
      }),
    );
    const { items } = await sandbox.messages();
    expect(sent.response).toBe(`250 OK: queued as ${items[0].id}`);
    expect(items[0]).toMatchObject({
      channel: 'email',
      to: 'ada@x.test',
      from: '"Acme" <acme@shop.test>',
      envelopeFrom: 'acme@shop.test',
      subject: 'Hello',
      html,
      messageId: '<delivery-1@herald.test>',
      attachments: [{ filename: 'terms.txt', contentType: 'text/plain', size: 5 }],
    });
    expect(items[0].text.trim()).toBe('Hi Ada');
    expect(items[0].headers).toMatchObject({ 'list-unsubscribe': '<https://x.test/u>' });
    expect(items[0]).not.toHaveProperty('source');
    const whole = await (await fetch(`${sandbox.httpUrl}/messages/${items[0].id}`)).json();
    expect(whole).toMatchObject({ source: expect.stringContaining('Message-ID: <delivery-1@herald.test>') });
  });

  it('keeps one message per recipient of a transaction', async () => {
    await mail.sendMail(letter({ to: ['ada@x.test', 'bob@x.test'], bcc: 'eve@x.test' }));
    const { items } = await sandbox.messages();
    expect(items.map(({ to }) => to).sort()).toEqual(['ada@x.test', 'bob@x.test', 'eve@x.test']);
  });

  it.each(['PLAIN', 'LOGIN', 'CRAM-MD5'])('takes any login by %s', async (method) => {
    await transport({ auth: { user: 'any', pass: 'thing' }, authMethod: method }).sendMail(letter());
    expect(sandbox.store.size).toBe(1);
  });

  it('takes many mails at once over pooled connections', async () => {
    const pool = transport({ pool: true, maxConnections: 5 });
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => pool.sendMail(letter({ to: `u${index}@x.test` }))),
    );
    pool.close();
    const { total, items } = await sandbox.messages('limit=1000');
    expect(total).toBe(200);
    expect(new Set(items.map(({ to }) => to)).size).toBe(200);
  });

  it('takes pipelined commands', async () => {
    const replies = await dialogue(sandbox.smtpPort, [
      'EHLO x\r\n',
      'MAIL FROM:<a@x.test>\r\nRCPT TO:<b@x.test>\r\nDATA\r\n',
      'Subject: p\r\n\r\nx\r\n.\r\nQUIT\r\n',
    ]);
    expect(replies).toContain('250-PIPELINING');
    expect(replies).not.toContain('STARTTLS');
    expect(sandbox.store.size).toBe(1);
  });

  it('refuses what is over 30 MB', async () => {
    const error = await failure(mail.sendMail(letter({ text: 'x'.repeat(31 * 1024 * 1024) })));
    expect(error.responseCode).toBe(552);
    expect(sandbox.store.size).toBe(0);
  });

  it('offers STARTTLS when asked to', async () => {
    const secure = await startTestSandbox({ startTls: true });
    const info = await transport({
      port: secure.smtpPort,
      ignoreTLS: false,
      requireTLS: true,
      tls: { rejectUnauthorized: false },
    }).sendMail(letter());
    expect(info.accepted).toEqual(['ada@x.test']);
    await secure.stop();
  });

  describe('misbehaving', () => {
    const email = (action: object, more: object = {}) =>
      sandbox.behave({ channel: 'email', action, ...more });

    it('refuses a recipient with a code, the others not', async () => {
      await email({ type: 'fail', code: '550 5.1.1' }, { match: { to: 'gone@*' } });
      const error = await failure(mail.sendMail(letter({ to: 'gone@x.test' })));
      expect(error).toMatchObject({ responseCode: 550, response: expect.stringMatching(/^550 5\.1\.1 /) });
      const info = await mail.sendMail(letter({ to: ['gone@x.test', 'ada@x.test'] }));
      expect(info).toMatchObject({ accepted: ['ada@x.test'], rejected: ['gone@x.test'] });
      expect((await sandbox.messages()).items.map(({ to }) => to)).toEqual(['ada@x.test']);
    });

    it('greylists: refuses once, then accepts', async () => {
      await email({ type: 'fail', code: '451 4.7.1', retryAfterSeconds: 60 }, { times: 1 });
      const error = await failure(mail.sendMail(letter()));
      expect(error).toMatchObject({ responseCode: 451, response: expect.stringContaining('60 seconds') });
      await mail.sendMail(letter());
      expect(sandbox.store.size).toBe(1);
    });

    it('refuses after the data', async () => {
      await email({ type: 'fail', code: 554, at: 'data' });
      const error = await failure(mail.sendMail(letter()));
      expect(error).toMatchObject({ code: 'EMESSAGE', responseCode: 554 });
      expect(sandbox.store.size).toBe(0);
    });

    it('drops the connection as it opens, during the data, or with the mail taken', async () => {
      await email({ type: 'drop', at: 'connect' }, { times: 1 });
      expect((await failure(mail.sendMail(letter()))).responseCode).toBeUndefined();
      await email({ type: 'drop', at: 'data' }, { times: 1 });
      expect((await failure(mail.sendMail(letter()))).responseCode).toBeUndefined();
      expect(sandbox.store.size).toBe(0);
      await email({ type: 'drop', at: 'after-data' }, { times: 1 });
      expect((await failure(mail.sendMail(letter()))).responseCode).toBeUndefined();
      expect(sandbox.store.size).toBe(1);
      await mail.sendMail(letter());
      expect(sandbox.store.size).toBe(2);
    });

    it('delays what it accepts', async () => {
      await email({ type: 'delay', ms: 150 });
      const before = performance.now();
      await mail.sendMail(letter());
      expect(performance.now() - before).toBeGreaterThanOrEqual(149);
      expect(sandbox.store.size).toBe(1);
    });

    it('hangs until the client gives up, having taken the mail or not', async () => {
      const impatient = transport({ socketTimeout: 200 });
      await email({ type: 'hang' }, { times: 1 });
      expect((await failure(impatient.sendMail(letter()))).code).toBe('ETIMEDOUT');
      expect(sandbox.store.size).toBe(0);
      await email({ type: 'hang', at: 'after-data' }, { times: 1 });
      expect((await failure(impatient.sendMail(letter()))).code).toBe('ETIMEDOUT');
      expect(sandbox.store.size).toBe(1);
    });

    it('throttles', async () => {
      await email({ type: 'throttle', perSecond: 0.01 });
      await mail.sendMail(letter());
      const error = await failure(mail.sendMail(letter()));
      expect(error).toMatchObject({ responseCode: 451, response: expect.stringContaining('4.7.1') });
      expect(sandbox.store.size).toBe(1);
    });

    it('answers garbage', async () => {
      await email({ type: 'garbage' });
      expect((await failure(mail.sendMail(letter()))).responseCode).not.toBe(250);
      expect(sandbox.store.size).toBe(0);
    });

    it('closes the connection with a 421', async () => {
      await email({ type: 'fail', code: '421 4.3.2' }, { times: 1 });
      expect((await failure(mail.sendMail(letter()))).responseCode).toBe(421);
      await mail.sendMail(letter());
    });
  });

  it('stops while a client hangs', async () => {
    const other = await startTestSandbox();
    await other.behave({ channel: 'email', action: { type: 'hang' } });
    const sending = failure(transport({ port: other.smtpPort }).sendMail(letter()));
    await eventually(() => other.behaviours.list()[0]?.applied === 1);
    await other.stop();
    expect((await sending).responseCode).toBeUndefined();
  });
});

/** Sends each text after a reply to the one before; gives everything the server said. */
function dialogue(port: number, texts: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (chunk) => {
      heard += chunk;
      const ready = /^(220|250|354) /m.test(String(chunk));
      const next = ready ? texts.shift() : undefined;
      if (next !== undefined) socket.write(next);
    });
    socket.on('close', () => resolve(heard));
    socket.on('error', reject);
  });
}
