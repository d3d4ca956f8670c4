import { type MessageOf, type ReceiptRequest } from '@herald/delivery';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import { expectOutcome, providerDeps, sendContext, startHttpReceiver, until } from '@herald/testing';
import { type SendgridConfig, sendgrid } from './email/sendgrid';
import { smtp } from './email/smtp';
import { type TwilioConfig, twilio } from './sms/twilio';
import { standardWebhook } from './webhook/standard-webhook';

const account = { sid: `AC${'0123456789abcdef'.repeat(2)}`, authToken: 'a-token-of-the-tests' };
const secrets = [`whsec_${Buffer.alloc(32, 7).toString('base64')}`];
const sendgridKey = 'SG.a-key-of-the-tests';
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The providers against the servers that a newcomer tries them with. */
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [account] },
    sendgrid: { apiKey: sendgridKey },
    webhookSecrets: () => secrets,
    logger,
  });
});
afterAll(() => sandbox.stop());

const deps = providerDeps();
afterAll(() => deps.guardedDispatcher.destroy());

const smtpConfig = () => ({
  host: '127.0.0.1',
  port: sandbox.smtpPort,
  security: 'none' as const,
  from: 'Shop <shop@example.com>',
});
const twilioConfig = (): TwilioConfig => ({
  accountSid: account.sid,
  authToken: account.authToken,
  from: '+15005550006',
  apiBaseUrl: sandbox.httpUrl,
});

async function post(path: string, body: object): Promise<void> {
  const response = await fetch(sandbox.httpUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(201);
}

async function newest(channel: string): Promise<Record<string, unknown>> {
  const response = await fetch(`${sandbox.httpUrl}/messages?channel=${channel}&limit=1`);
  const { items } = (await response.json()) as { items: Record<string, unknown>[] };
  return items[0] ?? {};
}

it('delivers an e-mail, and hears of a bounce and of a full mailbox', async () => {
  const provider = await smtp.open(smtpConfig(), deps);
  const mail: MessageOf['email'] = {
    to: 'ada@example.org',
    subject: 'Grüße',
    text: 'Hallo',
    headers: {},
    attachments: [],
  };
  expect(await provider.send(mail, sendContext())).toMatchObject({ outcome: 'accepted' });
  expect(await newest('email')).toMatchObject({ to: 'ada@example.org', subject: 'Grüße' });
  const fail = (code: string) =>
    post('/behaviours', {
      channel: 'email',
      match: { to: 'ada@example.org' },
      action: { type: 'fail', code },
      times: 1,
    });
  await fail('550 5.1.1');
  expectOutcome(await provider.send(mail, sendContext()), {
    outcome: 'permanent-address',
    reason: 'invalid_address',
    suppress: 'bounce',
    code: 'smtp_550_5.1.1',
  });
  await fail('452 4.2.2');
  expectOutcome(await provider.send(mail, sendContext()), {
    outcome: 'retry',
    reason: 'temporary_failure',
    retryAfterMs: 1_800_000,
    code: 'smtp_452_4.2.2',
  });
  expect(await provider.send(mail, sendContext())).toMatchObject({ outcome: 'accepted' });
  await provider.close();
});

const verifying = { dispatcher: deps.guardedDispatcher, now: Date.now };

it('delivers an SMS and can trust and read the receipts that follow', async () => {
  const edge = await startHttpReceiver();
  const provider = await twilio.open(twilioConfig(), deps);
  const receiptUrl = `${edge.url}/receipts/twilio?d=1`;
  await post('/behaviours', {
    channel: 'sms',
    match: { to: '+4915112345678' },
    action: { type: 'undelivered', errorCode: 30005 },
    times: 1,
  });
  const outcome = await provider.send({ to: '+4915112345678', body: 'Grüße' }, sendContext({ receiptUrl }));
  expect(outcome).toMatchObject({ outcome: 'accepted', facts: { segments: 1, encoding: 'GSM-7' } });
  const reader = twilio.receipts;
  const receipts = () =>
    edge.requests.map(
      ({ url, headers, rawBody }): ReceiptRequest => ({ url: edge.url + url, headers, rawBody }),
    );
  const read = async () => (await Promise.all(receipts().map((each) => twilio.receipts!.parse(each)))).flat();
  await until(async () =>
    (await read()).some((each) => each.kind === 'state' && each.state === 'undelivered'),
  );
  for (const request of receipts()) {
    expect(reader?.verify(request, twilioConfig(), verifying)).toBe(true);
    const other = { ...twilioConfig(), authToken: 'another-token-of-the-tests' };
    expect(reader?.verify(request, other, verifying)).toBe(false);
  }
  const sid = outcome.outcome === 'accepted' ? outcome.providerMessageId : undefined;
  expect(await read()).toContainEqual({
    kind: 'state',
    state: 'undelivered',
    reason: 'unreachable',
    code: 'twilio_30005',
    suppress: 'bounce',
    providerMessageId: sid,
  });
  await provider.close();
  await edge.close();
});

it('delivers an e-mail through SendGrid, and can trust and read the events that follow', async () => {
  const edge = await startHttpReceiver();
  const authorization = `Bearer ${sendgridKey}`;
  const settings = `${sandbox.httpUrl}/v3/user/webhooks/event/settings`;
  const headers = { authorization, 'content-type': 'application/json' };
  const url = `${edge.url}/v1/receipts/p1`;
  await fetch(settings, { method: 'POST', headers, body: JSON.stringify({ enabled: true, url }) });
  const signed = await fetch(`${settings}/signed`, { headers });
  const { public_key: webhookPublicKey } = (await signed.json()) as { public_key: string };
  const config: SendgridConfig = {
    apiKey: sendgridKey,
    from: 'Shop <shop@example.com>',
    webhookPublicKey,
    apiBaseUrl: sandbox.httpUrl,
  };
  const provider = await sendgrid.open(config, deps);
  const to = 'grace@example.org';
  const mail = { to, subject: 'Grüße', text: 'Hallo', headers: { 'X-Greeting': 'Grüße' }, attachments: [] };
  const rule = (action: object) => post('/behaviours', { channel: 'email', match: { to }, action, times: 1 });
  await rule({ type: 'events', events: ['deferred', 'bounce'], mode: 'doubled' });
  const context = sendContext();
  const outcome = await provider.send(mail, context);
  const { deliveryId } = context;
  expect(await newest('email')).toMatchObject({ to, subject: 'Grüße', from: '"Shop" <shop@example.com>' });
  const requests = () => edge.requests.map((each): ReceiptRequest => ({ ...each, url }));
  const receipts = async () =>
    (await Promise.all(requests().map((each) => sendgrid.receipts!.parse(each)))).flat();
  await until(async () => (await receipts()).length === 6);
  for (const request of requests()) {
    expect(sendgrid.receipts?.verify(request, config, verifying)).toBe(true);
    expect(sendgrid.receipts?.verify({ ...request, rawBody: Buffer.from('[]') }, config, verifying)).toBe(
      false,
    );
  }
  const providerMessageId = outcome.outcome === 'accepted' ? outcome.providerMessageId : undefined;
  expect(providerMessageId).toMatch(/./);
  const of = { deliveryId, providerMessageId };
  const [code, reason] = ['sendgrid_bounce_5.1.1', 'invalid_address'];
  const bounced = { kind: 'state', state: 'undelivered', reason, code, suppress: 'bounce', ...of };
  expect(await receipts()).toContainEqual({ kind: 'state', state: 'sent', ...of });
  expect(await receipts()).toContainEqual(bounced);
  const events = (await receipts()).flatMap((each) => (each.kind === 'event' ? [each] : []));
  expect(events.map(({ event }) => event)).toEqual(['deferred', 'deferred']);
  expect(new Set(events.map(({ eventId }) => eventId)).size).toBe(1);

  await rule({ type: 'throttle', perSecond: 0.01, retryAfterSeconds: 60 });
  expect(await provider.send(mail, sendContext())).toMatchObject({ outcome: 'accepted' });
  expectOutcome(await provider.send(mail, sendContext()), {
    outcome: 'retry',
    reason: 'rate_limited',
    retryAfterMs: { from: 30_000, to: 61_000 },
    code: 'http_429',
  });
  expectOutcome(await provider.send({ ...mail, to: 'nobody' }, sendContext()), {
    outcome: 'permanent-address',
    reason: 'invalid_address',
    suppress: 'bounce',
    code: 'sendgrid_invalid_recipient',
  });
  const stranger = await sendgrid.open({ ...config, apiKey: 'SG.another-key-of-tests' }, deps);
  expectOutcome(await stranger.send(mail, sendContext()), {
    outcome: 'config-halt',
    reason: 'provider_misconfigured',
    code: 'http_401',
  });
  await provider.close();
  await stranger.close();
  await edge.close();
});

it.each([
  [20429, { outcome: 'retry', reason: 'rate_limited', retryAfterMs: 9000 }],
  [21211, { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' }],
  [21610, { outcome: 'permanent-address', reason: 'opted_out', suppress: 'opt_out' }],
  [20003, { outcome: 'config-halt', reason: 'provider_misconfigured' }],
] as const)('hears of an SMS refused with %i', async (code, expected) => {
  const provider = await twilio.open(twilioConfig(), deps);
  const to = '+4915112345679';
  const action = { type: 'fail', code, ...(code === 20429 && { retryAfterSeconds: 9 }) };
  await post('/behaviours', { channel: 'sms', match: { to }, action, times: 1 });
  const outcome = await provider.send({ to, body: 'x' }, sendContext());
  expectOutcome(outcome, { ...expected, code: `twilio_${code}` });
  await provider.close();
});

it('sends a webhook whose signature the receiver finds good', async () => {
  const provider = await standardWebhook.open({ secrets }, deps);
  const url = `${sandbox.httpUrl}/webhook`;
  expect(await provider.send({ url, body: '{"a":1}' }, sendContext())).toMatchObject({ outcome: 'accepted' });
  expect(await newest('webhook')).toMatchObject({ signature: { verified: true } });
  const otherSecrets = [`whsec_${Buffer.alloc(32, 8).toString('base64')}`];
  const stranger = await standardWebhook.open({ secrets: otherSecrets }, deps);
  await stranger.send({ url, body: '{"a":1}' }, sendContext());
  expect(await newest('webhook')).toMatchObject({ signature: { verified: false } });
  await provider.close();
});
