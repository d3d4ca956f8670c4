import { type AddressInfo } from 'node:net';
import { expectOutcome, providerDeps, SELF_SIGNED, sendContext } from '@herald/testing';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { type SmtpConfig, smtp } from './smtp';

const message = { to: 'ada@example.org', subject: 'Hello', text: 'Text', headers: {}, attachments: [] };
const account = { username: 'shop', password: 'secret' };

interface Seen {
  secure: boolean;
  user: unknown;
}

/** Sends one message to a server with these options; tells how it went and what the server saw of the session. */
async function sendTo(options: SMTPServerOptions, config: Partial<SmtpConfig>) {
  const seen: Seen[] = [];
  const server = new SMTPServer({
    ...SELF_SIGNED,
    logger: false,
    onAuth: (auth, _session, done) =>
      auth.username === account.username && auth.password === account.password
        ? done(null, { user: auth.username })
        : done(Object.assign(new Error('bad credentials'), { responseCode: 535 })),
    onData: (stream, session, done) => {
      stream.resume().on('end', () => {
        seen.push({ secure: session.secure, user: session.user || undefined });
        done();
      });
    },
    ...options,
  });
  // A client that turns away in the handshake is what some of the tests are about.
  server.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.server.address() as AddressInfo;
  const provider = await smtp.open(
    { host: '127.0.0.1', port, from: 'shop@example.com', ...config },
    providerDeps(2000),
  );
  const outcome = await provider.send(message, sendContext());
  await provider.close();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return { outcome, seen };
}

const trusting = { rejectUnauthorized: false };

it.each([
  ['tls', { secure: true }],
  ['starttls', {}],
] as const)('sends with credentials over %s', async (security, options) => {
  const { outcome, seen } = await sendTo(options, { security, ...account, ...trusting });
  expect(outcome).toMatchObject({ outcome: 'accepted' });
  expect(seen).toEqual([{ secure: true, user: 'shop' }]);
});

it('upgrades with STARTTLS when nothing is said', async () => {
  const { seen } = await sendTo({ authOptional: true }, trusting);
  expect(seen).toEqual([{ secure: true, user: undefined }]);
});

it.each([
  ['tls', { secure: true }],
  ['starttls', {}],
] as const)('refuses a certificate that nobody vouches for, over %s', async (security, options) => {
  const { outcome, seen } = await sendTo({ authOptional: true, ...options }, { security });
  expectOutcome(outcome, {
    outcome: 'config-halt',
    reason: 'provider_misconfigured',
    code: 'tls_DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  expect(seen).toEqual([]);
});

it('sends nothing in the clear when the server cannot upgrade', async () => {
  const { outcome, seen } = await sendTo({ authOptional: true, disabledCommands: ['STARTTLS'] }, trusting);
  expectOutcome(outcome, { outcome: 'config-halt', reason: 'provider_misconfigured', code: /^smtp_5/ });
  expect(seen).toEqual([]);
});

it('stays in the clear when told so, even if the server offers an upgrade', async () => {
  const { outcome, seen } = await sendTo({ authOptional: true }, { security: 'none' });
  expect(outcome).toMatchObject({ outcome: 'accepted' });
  expect(seen).toEqual([{ secure: false, user: undefined }]);
});

it('asks for another attempt when the server speaks no TLS at all', async () => {
  const { outcome } = await sendTo({ authOptional: true }, { security: 'tls' });
  expectOutcome(outcome, { outcome: 'retry', reason: 'provider_unavailable', code: /^(tls|connect)_/ });
});

it('halts when the password is wrong', async () => {
  const { outcome } = await sendTo(
    { secure: true },
    { security: 'tls', ...trusting, ...account, password: 'x' },
  );
  expectOutcome(outcome, { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'smtp_535' });
});
