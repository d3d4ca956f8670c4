import { type Receipt, type ReceiptRequest } from '@herald/delivery';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import {
  expectOutcome,
  type HttpReceiver,
  providerDeps,
  sendContext,
  startHttpReceiver,
  until,
} from '@herald/testing';
import { type SesConfig, ses } from './ses';

const topicArn = 'arn:aws:sns:eu-central-1:123456789012:herald';
const login = { smtpUsername: 'AKIAEXAMPLE', smtpPassword: 'a-password-of-the-tests' };
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The provider against SES and SNS as the sandbox has them, with a subscriber that answers as the edge does. */
let sandbox: Sandbox;
let edge: HttpReceiver;
const posted: ReceiptRequest[] = [];
const results: string[] = [];
const deps = providerDeps();
const reading = { dispatcher: deps.guardedDispatcher, now: Date.now };
const config = (): SesConfig => ({
  region: 'eu-central-1',
  ...login,
  from: 'Shop <shop@example.com>',
  configurationSet: 'herald',
  topicArn,
  smtpHost: '127.0.0.1',
  smtpPort: sandbox.smtpPort,
  security: 'none',
  snsBaseUrl: sandbox.httpUrl,
});

async function take(request: ReceiptRequest): Promise<number> {
  if (!(await ses.receipts?.verify(request, config(), reading))) return 403;
  if (await ses.receipts?.confirm?.(request, config(), reading)) {
    results.push('confirmed');
    return 204;
  }
  posted.push(request);
  return 204;
}
const receipts = async (): Promise<Receipt[]> =>
  (await Promise.all(posted.map((request) => ses.receipts?.parse(request) ?? []))).flat();

beforeAll(async () => {
  edge = await startHttpReceiver(async ({ headers, rawBody }) => ({
    status: await take({ url: `${edge.url}/v1/receipts/p1`, headers, rawBody }),
  }));
  const endpoint = `${edge.url}/v1/receipts/p1`;
  sandbox = await startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [] },
    ses: { ...login, topicArn, endpoint },
    webhookSecrets: () => [],
    logger,
  });
  await until(() => sandbox.sesTopic?.confirmed === true);
});
beforeEach(() => {
  posted.length = 0;
});
afterAll(async () => {
  await sandbox.stop();
  await deps.guardedDispatcher.destroy();
  await edge.close();
});

const to = 'ada@example.org';
const mail = { to, subject: 'Grüße', text: 'Hallo', headers: {}, attachments: [] };
const rule = (action: object) =>
  sandbox.behaviours.add({
    channel: 'email',
    match: { to, provider: 'ses' },
    action: action as never,
    times: 1,
  });

/** Sends one message; gives what every receipt of it says. */
async function send() {
  const provider = await ses.open(config(), deps);
  const context = sendContext();
  const outcome = await provider.send(mail, context);
  await provider.close();
  expect(outcome).toMatchObject({
    outcome: 'accepted',
    providerMessageId: expect.stringMatching(/-000000$/),
  });
  const providerMessageId = outcome.outcome === 'accepted' ? outcome.providerMessageId : undefined;
  return { deliveryId: context.deliveryId, providerMessageId };
}

it('confirms the subscription, once', async () => {
  await until(() => results.length > 0);
  expect(results).toEqual(['confirmed']);
});

it('sends, and can trust and read that it was sent and delivered', async () => {
  const of = await send();
  await until(() => posted.length === 2);
  expect(await receipts()).toEqual([
    { kind: 'state', state: 'sent', ...of },
    { kind: 'state', state: 'delivered', ...of },
  ]);
  for (const request of posted) {
    const body = request.rawBody.toString();
    expect(body).toContain('ses-message-tags');
    const tampered = { ...request, rawBody: Buffer.from(body.replace('-000000', '-000001')) };
    expect(await ses.receipts?.verify(tampered, config(), reading)).toBe(false);
    const strangers = { ...config(), topicArn: `${topicArn}2` };
    expect(await ses.receipts?.verify(request, strangers, reading)).toBe(false);
  }
});

it('hears of a bounce', async () => {
  rule({ type: 'events', events: ['bounce'], mode: 'prompt', delayMs: 0 });
  const of = await send();
  await until(() => posted.length === 2);
  const code = 'ses_Permanent_NoEmail_5.1.1';
  const bounced = {
    kind: 'state',
    state: 'undelivered',
    reason: 'invalid_address',
    suppress: 'bounce',
    code,
  };
  expect(await receipts()).toContainEqual({ ...bounced, ...of });
});

it('hears of all that can happen, and counts what is posted twice once', async () => {
  const events = ['deferred', 'open', 'click', 'spamreport', 'unsubscribe'];
  rule({ type: 'events', events, mode: 'doubled', delayMs: 0 });
  const { deliveryId } = await send();
  await until(() => posted.length === 14);
  const seen = (await receipts()).flatMap((each) => (each.kind === 'event' ? [each] : []));
  expect(new Set(seen.map(({ event }) => event))).toEqual(
    new Set(['deferred', 'opened', 'clicked', 'complained', 'unsubscribed']),
  );
  expect(seen).toHaveLength(10);
  expect(new Set(seen.map(({ eventId }) => eventId)).size).toBe(5);
  for (const each of seen) expect(each).toMatchObject({ deliveryId, at: expect.any(Date) });
  const suppressed = new Map(seen.map(({ event, suppress }) => [event, suppress]));
  expect(suppressed.get('complained')).toBe('complaint');
  expect(suppressed.get('unsubscribed')).toBe('opt_out');
});

it('hears of refusals: a wrong password, and what a rule says', async () => {
  const stranger = await ses.open({ ...config(), smtpPassword: 'another' }, deps);
  expectOutcome(await stranger.send(mail, sendContext()), {
    outcome: 'config-halt',
    reason: 'provider_misconfigured',
    code: 'smtp_535',
  });
  await stranger.close();
  rule({ type: 'fail', code: 454, at: 'data' });
  const provider = await ses.open(config(), deps);
  expectOutcome(await provider.send(mail, sendContext()), {
    outcome: 'retry',
    reason: 'temporary_failure',
    code: 'smtp_454',
  });
  await provider.close();
});
