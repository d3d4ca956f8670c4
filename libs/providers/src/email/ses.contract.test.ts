import { type EmailMessage } from '@herald/delivery';
import {
  describeProviderContract,
  type Fault,
  type OtherSide,
  providerDeps,
  refusedPort,
  type ScriptedSmtpServer,
  type SmtpAct,
  type SmtpStep,
  sendContext,
  startScriptedSmtpServer,
} from '@herald/testing';
import { simpleParser } from 'mailparser';
import { validateProviderConfig } from '../validate-provider-config';
import { type SesConfig, ses } from './ses';

type Reply = { at: SmtpStep; say: string };

const MESSAGE_ID = '0107018f5b3b8a1c-0b2c5f0e-0f3f-4d3b-9d8c-1a2b3c4d5e6f-000000';
const ACCEPTED: Reply = { at: 'message', say: `250 Ok ${MESSAGE_ID}` };

const good: SesConfig = {
  region: 'eu-central-1',
  smtpUsername: 'AKIAIOSFODNN7EXAMPLE',
  smtpPassword: 'secret',
  from: 'Shop <shop@example.com>',
};
const configFor = (port: number): SesConfig => ({
  ...good,
  configurationSet: 'herald',
  smtpHost: '127.0.0.1',
  smtpPort: port,
  security: 'none',
});

const message = (more: Partial<EmailMessage> = {}): EmailMessage => ({
  to: 'ada@example.org',
  subject: 'Hello',
  text: 'Text',
  headers: {},
  attachments: [],
  ...more,
});

const FAULTS: Record<Fault, SmtpAct> = { silent: { do: 'hang' }, dropped: { do: 'drop' }, garbage: 'what?' };

async function startSes(): Promise<ScriptedSmtpServer> {
  const server = await startScriptedSmtpServer();
  server.announce('8BITMIME', 'AUTH PLAIN LOGIN');
  return server;
}

async function start(): Promise<OtherSide<'email', SesConfig, Reply>> {
  const server = await startSes();
  let count = 0;
  return {
    config: configFor(server.port),
    message: () => {
      count += 1;
      return message({ to: `ada${count}@example.org` });
    },
    taken: () => server.arrivals.length,
    expectTaken: (sent, { deliveryId }) => {
      const arrival = server.arrivals.at(-1);
      expect(arrival).toMatchObject({ from: 'shop@example.com', to: [sent.to] });
      expect(arrival?.source).toMatch(
        new RegExp(`^X-SES-Message-Tags: herald_delivery_id=${deliveryId}\r$`, 'im'),
      );
      expect(arrival?.source).toMatch(/^X-SES-Configuration-Set: herald\r$/im);
    },
    reply: ({ at, say }) => {
      server.at(at, say);
      // A session that is open would never see another greeting or log in again.
      if (at === 'greeting' || at === 'auth') server.disconnect();
    },
    fail: (fault) => server.at('message', FAULTS[fault]),
    babble: (bytes) => server.at('message', { do: 'babble', bytes }),
    connections: server.connections,
    close: server.close,
  };
}

const halt = { outcome: 'config-halt', reason: 'provider_misconfigured' } as const;
const slower = { outcome: 'retry', reason: 'rate_limited' } as const;
const later = { outcome: 'retry', reason: 'temporary_failure' } as const;
const unavailable = { outcome: 'retry', reason: 'provider_unavailable' } as const;
const content = { outcome: 'permanent-content', reason: 'content_rejected' } as const;

/** When SES says it, what it says, and what follows. */
const rows = [
  ['message', '454 Throttling failure: Maximum sending rate exceeded.', { ...slower, code: 'smtp_454' }],
  ['message', '454 Throttling failure: Daily message quota exceeded.', slower],
  ['rcpt', '454 Throttling failure: Maximum SigV2 SMTP sending rate exceeded.', slower],
  ['message', '454 Temporary service failure', later],
  ['auth', '454 Temporary authentication failure', unavailable],
  ['message', '451 Temporary service failure', later],
  ['message', '451 Timeout waiting for data from client.', later],
  ['greeting', '421 Too many concurrent SMTP connections', { ...unavailable, code: 'smtp_421' }],
  ['auth', '535 Authentication Credentials Invalid', { ...halt, code: 'smtp_535' }],
  ['auth', '535 Account not subscribed to SES', halt],
  ['mail', '530 Authentication required', halt],
  [
    'message',
    '554 Access denied: User `arn:aws:iam::1:user/a` is not authorized to perform `ses:SendRawEmail`',
    { ...halt, code: 'smtp_554' },
  ],
  [
    'message',
    '554 Message rejected: Email address is not verified. The following identities failed the check in region ' +
      'EU-CENTRAL-1: shop@example.com',
    halt,
  ],
  ['message', '554 Message rejected: Sending suspended for this account.', halt],
  ['message', '554 Message rejected: Sending paused for this account.', halt],
  ['message', '554 Message rejected: something new', { ...content, code: 'smtp_554' }],
  [
    'message',
    "554 Transaction failed: Address contains illegal characters in user name: '<re:x@b.de>'.",
    content,
  ],
  ['message', '554 Transaction failed: Access denied', content],
  ['message', '552 Message is too long.', content],
] as const;

const bad = (field: string, value: unknown, name = `a bad ${field}: ${value}`) => ({
  name,
  config: { ...good, [field]: value },
  pointer: `/${field}`,
});

describeProviderContract<'email', SesConfig, Reply>({
  definition: ses,
  configs: {
    validate: (input) => {
      const result = validateProviderConfig(ses, input);
      return result.ok ? [] : result.errors;
    },
    good: {
      minimal: good,
      'with everything': {
        ...good,
        region: 'us-gov-west-1',
        configurationSet: 'herald_1-a',
        topicArn: 'arn:aws-us-gov:sns:us-gov-west-1:123456789012:ses-events',
        smtpHost: 'vpce-1.email-smtp.eu-central-1.vpce.amazonaws.com',
        smtpPort: 2465,
        security: 'tls',
        snsBaseUrl: 'http://127.0.0.1:8025',
      },
      'plain text to a sandbox': configFor(2525),
    },
    bad: [
      bad('region', undefined),
      bad('region', 'Frankfurt'),
      bad('region', 'eu-central-1.evil.example/'),
      bad('smtpUsername', ''),
      bad('smtpUsername', 'a\r\nb'),
      bad('smtpPassword', undefined),
      bad('from', 'shop'),
      bad('configurationSet', 'a b'),
      bad('configurationSet', 'a\r\nBcc: x@y.de'),
      bad('topicArn', 'ses-events'),
      bad('topicArn', 'arn:aws:sqs:eu-central-1:123456789012:ses-events'),
      bad('topicArn', 'arn:aws:sns:evil.example/:123456789012:ses-events'),
      bad('smtpHost', 'smtp://example.com'),
      bad('smtpPort', 0),
      bad('security', 'ssl'),
      bad('security', 'none', 'plain text to SES itself'),
      bad('snsBaseUrl', 'sns'),
    ],
  },
  remote: {
    start,
    refused: async () => ({ config: configFor(await refusedPort()), message: message() }),
    accepted: ACCEPTED,
    errors: rows.map(([at, say, expected]) => ({ name: `${at}: ${say}`, reply: { at, say }, expected })),
    faults: {
      silent: { outcome: 'ambiguous', reason: 'timed_out', code: 'smtp_ETIMEDOUT' },
      dropped: { outcome: 'ambiguous', reason: 'timed_out', code: /^smtp_(ECONNECTION|ECONNRESET)$/ },
      garbage: { outcome: 'ambiguous', reason: 'provider_unavailable', code: 'smtp_EMESSAGE' },
    },
  },
});

describe('a message to SES', () => {
  let server: ScriptedSmtpServer;
  beforeEach(async () => {
    server = await startSes();
  });
  afterEach(() => server.close());

  async function send(sent: EmailMessage, config: Partial<SesConfig> = {}) {
    const provider = await ses.open({ ...configFor(server.port), ...config }, providerDeps());
    const context = sendContext();
    const outcome = await provider.send(sent, context);
    await provider.close();
    const { headers } = await simpleParser(server.arrivals.at(-1)?.source ?? '');
    return { outcome, headers, context };
  }

  it.each([
    [`250 Ok ${MESSAGE_ID}`, MESSAGE_ID],
    [`250 OK ${MESSAGE_ID} `, MESSAGE_ID],
    ['250 Ok', undefined],
    ['250 Ok queued as 4711', undefined],
    [`250 2.0.0 Ok ${MESSAGE_ID}`, undefined],
  ])('has the id of its reply: %s', async (say, providerMessageId) => {
    server.at('message', say);
    const { outcome } = await send(message());
    expect(outcome).toEqual({
      outcome: 'accepted',
      providerMessageId,
      code: expect.stringMatching(/^smtp_250/),
      detail: expect.any(String),
    });
  });

  it('has its own headers beside those of SES, and no others of the same names', async () => {
    const own = { 'X-Order': '42', 'x-ses-message-tags': 'a=b', 'X-SES-Configuration-Set': 'other' };
    const { headers, context } = await send(message({ headers: own }));
    expect(headers.get('x-order')).toBe('42');
    expect(headers.get('x-ses-message-tags')).toBe(`herald_delivery_id=${context.deliveryId}`);
    expect(headers.get('x-ses-configuration-set')).toBe('herald');
  });

  it('goes to the set that it names itself, if the provider has none', async () => {
    const own = { 'X-SES-Configuration-Set': 'other' };
    const { headers } = await send(message({ headers: own }), { configurationSet: undefined });
    expect(headers.get('x-ses-configuration-set')).toBe('other');
  });
});
