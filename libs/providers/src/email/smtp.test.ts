import { createVerify, generateKeyPairSync } from 'node:crypto';
import { type EmailMessage } from '@herald/delivery';
import { createGuardedDispatcher } from '@herald/platform';
import {
  expectOutcome,
  providerDeps,
  type ScriptedSmtpServer,
  sendContext,
  startScriptedSmtpServer,
  until,
} from '@herald/testing';
import fc from 'fast-check';
import { type ParsedMail, simpleParser } from 'mailparser';
import { type SmtpConfig, smtp } from './smtp';

const message: EmailMessage = {
  to: 'ada@example.org',
  subject: 'Hello',
  text: 'Text',
  headers: {},
  attachments: [],
};
const TIMEOUT = { outcome: 'ambiguous', reason: 'timed_out' } as const;
const UNAVAILABLE = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const HALT = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;

let server: ScriptedSmtpServer;
beforeEach(async () => {
  server = await startScriptedSmtpServer();
});
afterEach(() => server.close());

async function open(config: Partial<SmtpConfig> = {}, timeoutMs = 5000) {
  const base = { host: '127.0.0.1', port: server.port, security: 'none', from: 'shop@example.com' } as const;
  return smtp.open({ ...base, ...config }, providerDeps(timeoutMs));
}

async function received(overrides: Partial<EmailMessage>, config?: Partial<SmtpConfig>): Promise<ParsedMail> {
  const provider = await open(config);
  const outcome = await provider.send({ ...message, ...overrides }, sendContext());
  expect(outcome).toMatchObject({ outcome: 'accepted' });
  await provider.close();
  return simpleParser(Buffer.from(server.arrivals.at(-1)?.source ?? '', 'latin1'));
}

describe('the mail', () => {
  it('carries everything that was asked for', async () => {
    const mail = await received({
      from: '"Shop, the" <news@bücher.example>',
      replyTo: 'Help <help@example.com>',
      subject: 'Grüße 🎉',
      html: '<p>Hallo Ada</p>',
      text: 'Hallo Ada\n.\n..zwei',
      headers: { 'X-Order': '42', 'List-Unsubscribe': '<https://example.com/u>' },
      attachments: [
        {
          filename: 'ä.pdf',
          contentType: 'application/pdf',
          content: Buffer.from([0, 1, 2, 13, 10, 46, 13, 10, 255]),
        },
      ],
    });
    expect(mail.from?.value).toEqual([{ name: 'Shop, the', address: 'news@bücher.example' }]);
    expect(mail.replyTo?.text).toBe('"Help" <help@example.com>');
    expect(mail.subject).toBe('Grüße 🎉');
    expect(mail.html).toContain('<p>Hallo Ada</p>');
    expect(mail.text).toBe('Hallo Ada\n.\n..zwei');
    expect(mail.headers.get('x-order')).toBe('42');
    expect(mail.headers.has('x-mailer')).toBe(false);
    const [attachment] = mail.attachments;
    expect(attachment).toMatchObject({ filename: 'ä.pdf', contentType: 'application/pdf' });
    expect(attachment?.content).toEqual(Buffer.from([0, 1, 2, 13, 10, 46, 13, 10, 255]));
  });

  it('has the same Message-ID and Date at every attempt, and the provider names that id', async () => {
    const provider = await open();
    const context = sendContext({ createdAt: Date.UTC(2031, 4, 6, 7, 8, 9) });
    const first = await provider.send({ ...message, from: 'A <a@bücher.example>' }, context);
    await provider.send({ ...message, from: 'A <a@bücher.example>' }, { ...context, attempt: 2 });
    const id = `<${context.deliveryId}@xn--bcher-kva.example>`;
    expect(first).toMatchObject({
      providerMessageId: id,
      code: 'smtp_250_2.0.0',
      detail: expect.stringContaining('4711'),
    });
    for (const { source } of server.arrivals) {
      expect(source).toContain(`\r\nMessage-ID: ${id}\r\n`);
      expect(source).toContain('\r\nDate: Tue, 06 May 2031 07:08:09 +0000\r\n');
    }
    await provider.close();
  });

  it('lets nobody smuggle in a header, a recipient or a second message', async () => {
    const evil = fc.constantFrom(
      '\r\nBcc: eve@evil.example',
      '\nX-Evil: 1',
      '\r\n.\r\nMAIL FROM:<x@y.example>\r\n',
      '\r.\r',
    );
    const provider = await open();
    await fc.assert(
      fc.asyncProperty(evil, fc.integer({ min: 0, max: 7 }), async (text, where) => {
        const target: EmailMessage = {
          ...message,
          to: where === 0 ? `ada@example.org${text}` : message.to,
          from: where === 1 ? `Shop${text} <shop@example.com>` : 'shop@example.com',
          replyTo: where === 2 ? `a@example.com${text}` : undefined,
          subject: where === 3 ? `Hi${text}` : 'Hi',
          text: where === 4 ? `Text${text}` : 'Text',
          headers: where === 5 ? { 'X-A': `1${text}` } : where === 6 ? { [`X-A${text}`]: '1' } : {},
          attachments:
            where === 7
              ? [{ filename: `a${text}`, contentType: `text/plain${text}`, content: Buffer.from('x') }]
              : [],
        };
        const before = server.arrivals.length;
        const { outcome } = await provider.send(target, sendContext());
        const arrived = server.arrivals.slice(before);
        expect(arrived).toHaveLength(outcome === 'accepted' ? 1 : 0);
        for (const { to, source } of arrived) {
          expect(to).toHaveLength(1);
          const headers = source.slice(0, source.indexOf('\r\n\r\n'));
          expect(headers).not.toMatch(/^(bcc|x-evil)\s*:/im);
          // A bare CR or LF in what is sent could end a line, or the message, for a lenient server.
          expect(source).not.toMatch(/\r(?!\n)|(?<!\r)\n/);
        }
      }),
      { numRuns: 60 },
    );
    await provider.close();
  });
});

describe('DKIM', () => {
  it('signs what was asked for, with the headers of one-click unsubscription', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const dkim = {
      domain: 'example.com',
      selector: 's1',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    };
    await received(
      {
        headers: {
          'List-Unsubscribe': '<https://example.com/u>',
          'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
        },
      },
      { dkim },
    );
    const source = server.arrivals.at(-1)?.source ?? '';
    const headers = source
      .slice(0, source.indexOf('\r\n\r\n'))
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n');
    const signature = headers.find((line) => line.startsWith('DKIM-Signature:')) ?? '';
    const tags = new Map(
      signature
        .slice('DKIM-Signature:'.length)
        .split(';')
        .map(
          (tag) => [tag.slice(0, tag.indexOf('=')).trim(), tag.slice(tag.indexOf('=') + 1).trim()] as const,
        ),
    );
    expect(tags.get('d')).toBe('example.com');
    expect(tags.get('s')).toBe('s1');
    const signed = tags.get('h')?.toLowerCase().split(':') ?? [];
    expect(signed).toEqual(
      expect.arrayContaining([
        'from',
        'to',
        'subject',
        'date',
        'message-id',
        'list-unsubscribe',
        'list-unsubscribe-post',
      ]),
    );
    // RFC 6376, relaxed canonicalization.
    const relaxed = (line: string) => {
      const colon = line.indexOf(':');
      return `${line.slice(0, colon).trim().toLowerCase()}:${line
        .slice(colon + 1)
        .replace(/\s+/g, ' ')
        .trim()}`;
    };
    const lines = signed.map((name) =>
      relaxed(headers.find((line) => line.toLowerCase().startsWith(`${name}:`)) ?? ''),
    );
    const unsigned = relaxed(signature).replace(/(\bb=)[^;]*$/, '$1');
    const data = [...lines, unsigned].join('\r\n');
    const value = (tags.get('b') ?? '').replace(/\s/g, '');
    expect(createVerify('RSA-SHA256').update(data).verify(publicKey, value, 'base64')).toBe(true);
  });
});

describe('how far a message came', () => {
  it.each(['greeting', 'ehlo', 'mail', 'rcpt', 'data'] as const)(
    'is not sent when the server hangs at %s',
    async (step) => {
      const provider = await open({}, 200);
      server.at(step, { do: 'hang' });
      expectOutcome(await provider.send(message, sendContext()), {
        ...UNAVAILABLE,
        code: 'connect_ETIMEDOUT',
      });
      await provider.close();
    },
  );

  it.each(['greeting', 'ehlo', 'mail', 'rcpt', 'data'] as const)(
    'is not sent when the server drops at %s',
    async (step) => {
      const provider = await open({}, 2000);
      server.at(step, { do: 'drop' });
      expectOutcome(await provider.send(message, sendContext()), { ...UNAVAILABLE, code: /^connect_/ });
      await provider.close();
    },
  );

  it('is not sent when the connection is lost in the middle of the message', async () => {
    const provider = await open();
    server.dropInMessageAfter(10_000);
    // Many pieces, since each stage of the way to the socket takes one without waiting.
    const piece = { filename: 'x', contentType: 'text/plain', content: Buffer.alloc(1024 * 1024, 'x') };
    const attachments = Array.from({ length: 15 }, () => piece);
    const outcome = await provider.send({ ...message, attachments }, sendContext());
    expectOutcome(outcome, { ...UNAVAILABLE, code: /^connect_/ });
    expect(server.arrivals).toHaveLength(0);
    await provider.close();
  });

  it('cannot be known when the connection is lost after the final dot', async () => {
    const provider = await open();
    server.at('message', { do: 'drop' });
    expectOutcome(await provider.send(message, sendContext()), { ...TIMEOUT, code: /^smtp_/ });
    expect(server.arrivals).toHaveLength(1);
    await provider.close();
  });

  it('can be given up before the message: nothing is sent', async () => {
    const provider = await open();
    server.at('rcpt', { do: 'hang' });
    const abort = new AbortController();
    const sending = provider.send(message, sendContext({ signal: abort.signal }));
    await until(() => server.connections() === 1);
    abort.abort();
    expectOutcome(await sending, { outcome: 'retry', reason: 'timed_out', code: 'connect_EABORT' });
    await provider.close();
  });

  it('can be given up while it waits for a connection', async () => {
    const provider = await open({ maxConnections: 1 });
    server.at('message', { do: 'hang' });
    const first = new AbortController();
    const sending = provider.send(message, sendContext({ signal: first.signal }));
    await until(() => server.arrivals.length === 1);
    const waiting = provider.send(message, sendContext({ signal: AbortSignal.timeout(50) }));
    expectOutcome(await waiting, { outcome: 'retry', reason: 'timed_out', code: 'connect_EABORT' });
    first.abort();
    expectOutcome(await sending, { ...TIMEOUT, code: 'smtp_EABORT' });
    expect(server.arrivals).toHaveLength(1);
    await provider.close();
  });
});

describe('connections', () => {
  it('are used again, and opened anew when the server has closed one while idle', async () => {
    const provider = await open();
    for (let i = 0; i < 3; i += 1) await provider.send(message, sendContext());
    expect(server.sessions()).toBe(1);
    server.disconnect();
    expect(await provider.send(message, sendContext())).toMatchObject({ outcome: 'accepted' });
    expect(server.arrivals).toHaveLength(4);
    expect(server.sessions()).toBe(2);
    await provider.close();
  });

  it('are not asked again and again when the server drops them at once', async () => {
    const provider = await open();
    server.at('greeting', { do: 'drop' });
    expectOutcome(await provider.send(message, sendContext()), { ...UNAVAILABLE, code: /^connect_/ });
    expect(server.sessions()).toBeLessThanOrEqual(2);
    await provider.close();
  });

  it('fail what still waits in the pool when it is closed', async () => {
    const provider = await open({ maxConnections: 1 });
    server.at('message', { do: 'hang' });
    const abort = new AbortController();
    const sending = provider.send(message, sendContext({ signal: abort.signal }));
    await until(() => server.arrivals.length === 1);
    const waiting = provider.send(message, sendContext());
    await provider.close();
    expectOutcome(await waiting, { ...UNAVAILABLE, code: 'closed' });
    abort.abort();
    expectOutcome(await sending, { ...TIMEOUT, code: 'smtp_EABORT' });
  });

  it('take a PIPELINING server’s refusal of the recipient as that, and not the one of DATA', async () => {
    server.announce('PIPELINING', '8BITMIME');
    const provider = await open();
    server.at('rcpt', '550 5.1.1 no such user');
    const outcome = await provider.send(message, sendContext());
    expectOutcome(outcome, {
      outcome: 'permanent-address',
      reason: 'invalid_address',
      suppress: 'bounce',
      code: 'smtp_550_5.1.1',
    });
    await provider.close();
  });
});

describe('credentials', () => {
  const account = { username: 'shop', password: 'secret' };

  it.each([
    ['535 5.7.8 bad credentials', { ...HALT, code: 'smtp_535_5.7.8' }],
    ['534 5.7.9 mechanism too weak', HALT],
    ['530 5.7.0 STARTTLS first', HALT],
    ['504 5.5.4 unknown mechanism', HALT],
    ['454 4.7.0 temporary failure', { ...UNAVAILABLE, code: 'smtp_454_4.7.0' }],
    ['421 4.7.0 too many failures', UNAVAILABLE],
    ['what?', { ...HALT, code: 'smtp_EAUTH' }],
  ] as const)('are refused with %s', async (reply, expected) => {
    server.announce('AUTH PLAIN');
    const provider = await open(account);
    server.at('auth', reply);
    expectOutcome(await provider.send(message, sendContext()), expected);
    await provider.close();
  });

  it('are offered even to a server that does not ask, so that a mistake is heard of', async () => {
    const provider = await open(account);
    server.at('auth', '503 5.5.1 no AUTH here');
    const { outcome } = await provider.send(message, sendContext());
    expect(outcome).not.toBe('accepted');
    expect(server.arrivals).toHaveLength(0);
    await provider.close();
  });
});

describe('a server that a tenant chose', () => {
  it('is not reached at an internal address, unless that is allowed', async () => {
    const limits = { connectTimeoutMs: 1000, headersTimeoutMs: 1000, bodyTimeoutMs: 1000 };
    for (const [allow, code] of [
      [[], 'forbidden_address'],
      [[`127.0.0.1:${server.port}`], 'smtp_250_2.0.0'],
    ] as const) {
      const guardedDispatcher = createGuardedDispatcher({ allow, ...limits });
      const config = {
        host: '127.0.0.1',
        port: server.port,
        security: 'none',
        from: 'shop@example.com',
      } as const;
      const provider = await smtp.open(config, { ...providerDeps(), guardedDispatcher });
      const before = server.sessions();
      expect(await provider.send(message, sendContext())).toMatchObject({ code });
      expect(server.sessions() - before).toBe(code === 'forbidden_address' ? 0 : 1);
      await provider.close();
      await guardedDispatcher.destroy();
    }
  });

  it('cannot fill the memory with a reply that never ends', async () => {
    server.at('mail', { do: 'babble', bytes: Buffer.alloc(20_000_000, 'x') });
    const provider = await open();
    expect(await provider.send(message, sendContext())).toMatchObject({ outcome: 'retry' });
    await provider.close();
  });
});
