import { type MessageOf, type ReceiptRequest } from '@herald/delivery';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import { expectOutcome, providerDeps, sendContext, startHttpReceiver, until } from '@herald/testing';
import { type TwilioConfig, twilio } from './twilio';
import { type VonageConfig, vonage } from './vonage';

const account = { sid: `AC${'0123456789abcdef'.repeat(2)}`, authToken: 'a-token-of-the-tests' };
const vonageAccount = {
  apiKey: 'abcd1234',
  apiSecret: 'a-secret-of-the-tests',
  signatureSecret: 'a-signature-secret',
};

/** Both vendors against the servers that a newcomer tries them with. */
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [account] },
    vonage: { accounts: [vonageAccount] },
    webhookSecrets: () => [],
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
});
afterAll(() => sandbox.stop());

const deps = providerDeps();
afterAll(() => deps.guardedDispatcher.destroy());
const verifying = { dispatcher: deps.guardedDispatcher, now: Date.now };

const twilioConfig = (): TwilioConfig => ({
  accountSid: account.sid,
  authToken: account.authToken,
  from: '+15005550006',
  apiBaseUrl: sandbox.httpUrl,
});
const vonageConfig = (): VonageConfig => ({
  ...vonageAccount,
  from: 'Shop',
  apiBaseUrl: `${sandbox.httpUrl}/vonage`,
});

async function post(path: string, body: object, expected = 201): Promise<void> {
  const response = await fetch(sandbox.httpUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(expected);
}

it('delivers an SMS of two parts through Vonage, and can trust and read the receipts that follow', async () => {
  const edge = await startHttpReceiver();
  const provider = await vonage.open(vonageConfig(), deps);
  const context = sendContext({ receiptUrl: `${edge.url}/receipts/vonage` });
  const to = '+4915112345677';
  await post('/behaviours', {
    channel: 'sms',
    match: { to },
    action: { type: 'undelivered', errorCode: 9 },
    times: 1,
  });
  const outcome = await provider.send({ to, body: '„Grüße“ & 50 %=½ '.repeat(5) }, context);
  expect(outcome).toMatchObject({
    outcome: 'accepted',
    facts: { segments: 2, encoding: 'UCS-2', parts: 2 },
  });
  const [stored] = [...sandbox.store.newestFirst()];
  expect(await stored?.message.fields()).toMatchObject({
    to,
    from: 'Shop',
    text: '„Grüße“ & 50 %=½ '.repeat(5),
  });
  const reader = vonage.receipts;
  const requests = () =>
    edge.requests.map(
      ({ url, headers, rawBody }): ReceiptRequest => ({ url: edge.url + url, headers, rawBody }),
    );
  await until(() => requests().length === 4);
  for (const request of requests()) {
    expect(reader?.verify(request, vonageConfig(), verifying)).toBe(true);
    const other = { ...vonageConfig(), signatureSecret: 'another-signature-secret' };
    expect(reader?.verify(request, other, verifying)).toBe(false);
  }
  const read = await Promise.all(requests().map((request) => vonage.receipts!.parse(request)));
  expect(read.flat()).toContainEqual({
    kind: 'state',
    state: 'undelivered',
    reason: 'opted_out',
    suppress: 'opt_out',
    code: 'vonage_9',
    providerMessageId: outcome.outcome === 'accepted' ? outcome.providerMessageId : undefined,
    deliveryId: context.deliveryId,
    at: expect.any(Date),
  });
  await provider.close();
  await edge.close();
});

it.each([
  [1, { outcome: 'retry', reason: 'rate_limited', retryAfterMs: 9000 }],
  [7, { outcome: 'permanent-address', reason: 'invalid_address' }],
  [9, { outcome: 'config-halt', reason: 'provider_misconfigured' }],
] as const)(
  'hears of an SMS refused with the status %i, while the other vendor takes it',
  async (code, expected) => {
    const first = await vonage.open(vonageConfig(), deps);
    const second = await twilio.open(twilioConfig(), deps);
    const sms: MessageOf['sms'] = { to: '+4915112345676', body: 'x' };
    const action = { type: 'fail', code, ...(code === 1 && { retryAfterSeconds: 9 }) };
    await post('/behaviours', {
      channel: 'sms',
      match: { to: sms.to, provider: 'vonage' },
      action,
      times: 1,
    });
    expect((await second.send(sms, sendContext())).outcome).toBe('accepted');
    expectOutcome(await first.send(sms, sendContext()), { ...expected, code: `vonage_${code}` });
    expect((await first.send(sms, sendContext())).outcome).toBe('accepted');
    await Promise.all([first.close(), second.close()]);
  },
);

describe.each([
  {
    provider: 'twilio',
    read: (request: ReceiptRequest) => twilio.receipts?.parse(request),
    verify: (request: ReceiptRequest, secret = account.authToken) =>
      twilio.receipts?.verify(request, { ...twilioConfig(), authToken: secret }, verifying),
  },
  {
    provider: 'vonage',
    read: (request: ReceiptRequest) => vonage.receipts?.parse(request),
    verify: (request: ReceiptRequest, secret = vonageAccount.signatureSecret) =>
      vonage.receipts?.verify(request, { ...vonageConfig(), signatureSecret: secret }, verifying),
  },
])('a person who writes to $provider', ({ provider, read, verify }) => {
  it.each([
    ['Stop', [{ kind: 'consent', address: '+4915112345675', optedOut: true }]],
    [' start ', [{ kind: 'consent', address: '+4915112345675', optedOut: false }]],
    ['Stop that & this = nonsense', []],
  ])('is heard: %j', async (text, expected) => {
    const edge = await startHttpReceiver();
    const url = `${edge.url}/v1/receipts/p1`;
    await post('/inbound', { provider, from: '+4915112345675', text, url }, 202);
    await until(() => edge.requests.length === 1);
    const [{ headers, rawBody } = { headers: {}, rawBody: Buffer.alloc(0) }] = edge.requests;
    const request: ReceiptRequest = { url, headers, rawBody };
    expect(verify(request)).toBe(true);
    expect(verify(request, 'another-secret-of-the-tests')).toBe(false);
    expect(await read(request)).toMatchObject(expected);
    await edge.close();
  });
});
