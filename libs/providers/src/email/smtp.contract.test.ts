import { generateKeyPairSync } from 'node:crypto';
import { type EmailMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type Fault,
  type OtherSide,
  refusedPort,
  type SmtpAct,
  type SmtpStep,
  startScriptedSmtpServer,
} from '@herald/testing';
import { validateProviderConfig } from '../validate-provider-config';
import { type SmtpConfig, smtp } from './smtp';

type Reply = 'ok' | { at: SmtpStep; say: string };

const FIVE_MINUTES = 300_000;
const HALF_AN_HOUR = 1_800_000;

const good = { host: 'smtp.example.com', port: 587, from: 'Shop <shop@example.com>' };
const pem = (type: 'rsa' | 'ed25519') => {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
};

const configFor = (port: number): SmtpConfig => ({
  ...good,
  host: '127.0.0.1',
  port,
  security: 'none',
});

let counter = 0;
function message(): EmailMessage {
  counter += 1;
  const to = `ada${counter}@example.org`;
  return { to, subject: `Hello ${counter}`, text: `Text ${counter}`, headers: {}, attachments: [] };
}

const FAULTS: Record<Fault, SmtpAct> = {
  silent: { do: 'hang' },
  dropped: { do: 'drop' },
  garbage: 'what?',
};

async function start(): Promise<OtherSide<'email', SmtpConfig, Reply>> {
  const server = await startScriptedSmtpServer();
  return {
    config: configFor(server.port),
    message,
    taken: () => server.arrivals.length,
    expectTaken: (sent, { deliveryId }) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({ from: 'shop@example.com', to: [sent.to] });
      expect(arrival?.source).toContain(`\r\nMessage-ID: <${deliveryId}@example.com>\r\n`);
      expect(arrival?.source).toContain(`Subject: ${sent.subject}\r\n`);
      expect(arrival?.source).toContain(`\r\n\r\n${sent.text}`);
    },
    reply: (reply) => {
      if (reply === 'ok') return server.behave();
      server.at(reply.at, reply.say);
      // A session that is open would never see another greeting.
      if (reply.at === 'greeting') server.disconnect();
    },
    fail: (fault) => server.at('message', FAULTS[fault]),
    babble: (bytes) => server.at('message', { do: 'babble', bytes }),
    connections: server.connections,
    close: server.close,
  };
}

const retry = { outcome: 'retry', reason: 'temporary_failure' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const bounced = { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' } as const;
const refused = { outcome: 'permanent-address', reason: 'invalid_address' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;
const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;

/** Where the server says it, what it says, and what follows. */
const rows = [
  ['rcpt', '421 4.3.2 closing', { ...unavailable, code: 'smtp_421_4.3.2' }],
  ['message', '421 4.7.0 try later', unavailable],
  ['greeting', '421 too busy', unavailable],
  ['rcpt', '450 mailbox busy', { ...retry, code: 'smtp_450' }],
  ['message', '451 local error', { ...retry, code: 'smtp_451' }],
  ['rcpt', '451 4.7.1 greylisted', { ...retry, code: 'smtp_451_4.7.1', retryAfterMs: FIVE_MINUTES }],
  ['rcpt', '450 4.7.1 greylisted', { ...retry, retryAfterMs: FIVE_MINUTES }],
  ['mail', '450 4.7.28 too fast', { outcome: 'retry', reason: 'rate_limited', retryAfterMs: 900_000 }],
  ['rcpt', '452 4.2.2 full', { ...retry, retryAfterMs: HALF_AN_HOUR }],
  ['message', '452 4.3.1 no storage', retry],
  ['rcpt', '552 5.2.2 full', { ...retry, code: 'smtp_552_5.2.2', retryAfterMs: HALF_AN_HOUR }],
  ['rcpt', '552 over quota', { ...retry, retryAfterMs: HALF_AN_HOUR }],
  ['mail', '503 5.5.1 bad sequence', retry],
  ['rcpt', '550 5.1.1 no such user', { ...bounced, code: 'smtp_550_5.1.1' }],
  ['rcpt', '550-5.1.1 no such\r\n550 5.1.1 user', { ...bounced, code: 'smtp_550_5.1.1' }],
  ['rcpt', '550-no such\r\n550 5.1.1 user', { ...bounced, code: 'smtp_550_5.1.1' }],
  ['rcpt', '501 5.1.3 bad syntax', bounced],
  ['rcpt', '556 5.1.10 null MX', bounced],
  ['message', '550 5.1.1 no such user', bounced],
  ['rcpt', '550 5.2.1 disabled', bounced],
  ['rcpt', '550 mailbox unavailable', { ...refused, code: 'smtp_550' }],
  ['rcpt', '550 5.4.1 no route', refused],
  ['rcpt', '550 4.1.1 whose class differs', { ...refused, code: 'smtp_550' }],
  ['rcpt', '554 relay access denied', content],
  ['rcpt', '550 5.7.1 not by our policy', content],
  ['message', '554 5.7.1 spam', { ...content, code: 'smtp_554_5.7.1' }],
  ['message', '554 no', content],
  ['message', '552 too big', content],
  ['mail', '552 5.3.4 too big', { ...content, code: 'smtp_552_5.3.4' }],
  ['message', '550 5.6.0 bad MIME', content],
  ['mail', '530 5.7.0 authentication required', { ...halt, code: 'smtp_530_5.7.0' }],
  ['mail', '550 5.7.26 not authenticated', halt],
  ['mail', '550 5.1.0 sender refused', halt],
  ['mail', '553 sender not owned', halt],
  ['rcpt', '550 5.1.8 bad sender domain', halt],
  ['data', '502 not implemented', halt],
  ['greeting', '554 no service for you', { ...halt, code: 'smtp_554' }],
] as const;

describeProviderContract<'email', SmtpConfig, Reply>({
  definition: smtp,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(smtp, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      minimal: good,
      'with everything': {
        ...good,
        security: 'tls',
        username: 'shop',
        password: 'secret',
        maxConnections: 5,
        rejectUnauthorized: false,
        dkim: { domain: 'example.com', selector: 's1', privateKey: pem('rsa') },
        bounceAddress: 'bounces@example.com',
        bounceSecret: 'b'.repeat(32),
      },
      'an IPv6 host': { ...good, host: '::1' },
    },
    bad: [
      { name: 'no host', config: { ...good, host: undefined }, pointer: '/host' },
      { name: 'a URL as host', config: { ...good, host: 'smtp://example.com' }, pointer: '/host' },
      {
        name: 'an address for bounces and no secret',
        config: { ...good, bounceAddress: 'bounces@example.com' },
        pointer: '/bounceSecret',
      },
      {
        name: 'a secret and no address for bounces',
        config: { ...good, bounceSecret: 'b'.repeat(32) },
        pointer: '/bounceAddress',
      },
      {
        name: 'a short secret',
        config: { ...good, bounceAddress: 'bounces@example.com', bounceSecret: 'short' },
        pointer: '/bounceSecret',
      },
      { name: 'a port of text', config: { ...good, port: '587' }, pointer: '/port' },
      { name: 'a port out of range', config: { ...good, port: 70_000 }, pointer: '/port' },
      { name: 'an unknown security', config: { ...good, security: 'ssl' }, pointer: '/security' },
      { name: 'null for the default', config: { ...good, security: null }, pointer: '/security' },
      { name: 'a bad sender', config: { ...good, from: 'shop' }, pointer: '/from' },
      { name: 'a header in the sender', config: { ...good, from: 'a\r\nBcc: x <a@b.de>' }, pointer: '/from' },
      { name: 'no password', config: { ...good, username: 'shop' }, pointer: '/password' },
      { name: 'no username', config: { ...good, password: 'x' }, pointer: '/username' },
      { name: 'no connections', config: { ...good, maxConnections: 0 }, pointer: '/maxConnections' },
      {
        name: 'a text for a boolean',
        config: { ...good, rejectUnauthorized: 'no' },
        pointer: '/rejectUnauthorized',
      },
      { name: 'dkim of text', config: { ...good, dkim: 'yes' }, pointer: '/dkim' },
      {
        name: 'a DKIM domain with a space',
        config: { ...good, dkim: { domain: 'a b', selector: 's1', privateKey: pem('rsa') } },
        pointer: '/dkim/domain',
      },
      {
        name: 'a DKIM key that is none',
        config: { ...good, dkim: { domain: 'example.com', selector: 's1', privateKey: 'x' } },
        pointer: '/dkim/privateKey',
      },
      {
        name: 'a DKIM key of a kind that cannot sign',
        config: { ...good, dkim: { domain: 'example.com', selector: 's1', privateKey: pem('ed25519') } },
        pointer: '/dkim/privateKey',
      },
      {
        name: 'an unknown DKIM field',
        config: { ...good, dkim: { domain: 'example.com', selector: 's1', privateKey: pem('rsa'), x: 1 } },
        pointer: '/dkim/x',
      },
    ],
  },
  remote: {
    start,
    refused: async () => ({ config: configFor(await refusedPort()), message: message() }),
    accepted: 'ok',
    errors: rows.map(([at, say, expected]) => ({ name: `${at}: ${say}`, reply: { at, say }, expected })),
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'smtp_ETIMEDOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: /^smtp_(ECONNECTION|ECONNRESET)$/ },
      garbage: { outcome: 'ambiguous', reason: 'provider_unavailable', code: 'smtp_EMESSAGE' },
    },
  },
});
