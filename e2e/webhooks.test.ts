import { type AcceptedNotificationDto, type CreatedWebhookSecretDto } from '@herald/contracts';
import {
  type Client,
  createTenant,
  type HttpReceiver,
  type ReceivedRequest,
  startHttpReceiver,
  type TestTenant,
  until,
} from '@herald/testing';
import { Webhook } from 'standardwebhooks';
import { readDelivery, send, sendOne, unique, untilState, webhook } from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();
const own = { tenant: {} as TestTenant, api: {} as Client, receiver: {} as HttpReceiver };

beforeAll(async () => {
  own.tenant = await createTenant(herald.admin);
  own.api = herald.api.withKey(own.tenant.key);
  own.receiver = await startHttpReceiver();
});
afterEach(() => own.receiver.answerWith({}));
afterAll(() => own.receiver.close());

const newUrl = (name = 'hook') => `${own.receiver.url}/${unique(name)}`;
const requestsTo = (url: string) =>
  own.receiver.requests.filter((request) => own.receiver.url + request.url === url);

/** Sends one webhook and gives the requests that its endpoint got until it was sent. */
async function deliver(api: Client, url = newUrl()): Promise<ReceivedRequest[]> {
  const { deliveryId } = await sendOne(api, webhook(url));
  await untilState(api, deliveryId, 'sent');
  return requestsTo(url);
}

/** Whether a request is signed with a secret, by the reference implementation. */
function isSignedWith(secret: string, { rawBody, headers }: ReceivedRequest): boolean {
  try {
    new Webhook(secret).verify(rawBody, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}

const signaturesOf = ({ headers }: ReceivedRequest) => String(headers['webhook-signature']).split(' ');

describe('a webhook', () => {
  it("is signed with the tenant's secret, and holds the payload", async () => {
    const url = newUrl();
    const [request, ...others] = await deliver(own.api, url);
    expect(others).toEqual([]);
    expect(request).toMatchObject({ method: 'POST', headers: { 'content-type': 'application/json' } });
    expect(JSON.parse(request!.rawBody.toString())).toEqual({ to: url });
    expect(isSignedWith(own.tenant.webhookSecret, request!)).toBe(true);
    expect(isSignedWith(`whsec_${Buffer.alloc(32).toString('base64')}`, request!)).toBe(false);
    expect(signaturesOf(request!)).toHaveLength(1);
  });

  it('carries on the trace of the request, and nothing that is not one', async () => {
    const traceparent = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;
    const received = [];
    for (const given of [traceparent, 'not-a-trace', undefined]) {
      const url = newUrl();
      const headers: Record<string, string> = given ? { traceparent: given } : {};
      const { body } = await own.api.post<AcceptedNotificationDto>('/v1/notifications', webhook(url), {
        headers,
      });
      await untilState(own.api, body.deliveries[0]!.id, 'sent');
      received.push(requestsTo(url)[0]!.headers.traceparent);
    }
    expect(received).toEqual([traceparent, undefined, undefined]);
  });

  it('has the same id at each attempt, and a signature of its own', async () => {
    const url = newUrl();
    const answers = [{ status: 500 }, 'drop' as const, { status: 404 }, { status: 202 }];
    own.receiver.answerWith(() => answers.shift() ?? { status: 200 });
    const { deliveryId } = await sendOne(own.api, webhook(url));
    const delivery = await untilState(own.api, deliveryId, 'sent');
    expect(delivery.attempts.map(({ outcome, code }) => [outcome, code])).toEqual([
      ['retry', 'http_500'],
      ['ambiguous', expect.stringContaining('http_')],
      ['retry', 'http_404'],
      ['accepted', 'http_202'],
    ]);
    const requests = requestsTo(url);
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual(Array(4).fill(deliveryId));
    for (const request of requests) expect(isSignedWith(own.tenant.webhookSecret, request)).toBe(true);
  });

  it('is signed with both secrets while they overlap, and then with the new one', async () => {
    const tenant = await createTenant(herald.admin);
    const api = herald.api.withKey(tenant.key);
    await deliver(api);
    const overlapSeconds = 3;
    const { body, status } = await api.post<CreatedWebhookSecretDto>('/v1/webhook-secrets/rotate', {
      overlapSeconds,
    });
    const rotatedAt = Date.now();
    expect(status).toBe(201);
    const both = await until(async () => {
      const [request] = await deliver(api);
      return signaturesOf(request!).length === 2 && request!;
    });
    expect([isSignedWith(tenant.webhookSecret, both), isSignedWith(body.secret, both)]).toEqual([true, true]);
    const later = await until(async () => {
      const [request] = await deliver(api);
      return signaturesOf(request!).length === 1 && request!;
    });
    expect(Date.now() - rotatedAt).toBeGreaterThanOrEqual(overlapSeconds * 1000 - 100);
    expect([isSignedWith(tenant.webhookSecret, later), isSignedWith(body.secret, later)]).toEqual([
      false,
      true,
    ]);

    const list = await api.get<{ items: { id: string; secret?: string }[] }>('/v1/webhook-secrets');
    expect(list.body.items[0]!.id).toBe(body.id);
    expect(JSON.stringify(list.body)).not.toContain('whsec_');
  });
});

describe('an endpoint', () => {
  it('that answers 410 is disabled until its suppression is deleted', async () => {
    const url = newUrl('gone');
    own.receiver.answerWith((request) => ({ status: request.url.includes('gone') ? 410 : 200 }));
    const first = await sendOne(own.api, webhook(url));
    expect(await untilState(own.api, first.deliveryId, 'failed')).toMatchObject({ reason: 'endpoint_gone' });
    const second = await sendOne(own.api, webhook(url));
    expect(await untilState(own.api, second.deliveryId, 'skipped')).toMatchObject({
      reason: 'suppressed_endpoint_gone',
    });
    expect(requestsTo(url)).toHaveLength(1);
    own.receiver.answerWith({});
    const query = new URLSearchParams({ channel: 'webhook', address: url });
    expect((await own.api.delete(`/v1/suppressions?${query}`)).status).toBe(204);
    expect(await deliver(own.api, url)).toHaveLength(2);
  });

  it('that redirects is not followed: a dead letter, to be replayed when the URL is right', async () => {
    const [url, target] = [newUrl('moved'), newUrl('target')];
    own.receiver.answerWith((request) =>
      request.url.includes('moved') ? { status: 307, headers: { location: target } } : {},
    );
    const { deliveryId } = await sendOne(own.api, webhook(url));
    const delivery = await untilState(own.api, deliveryId, 'dead');
    expect(delivery).toMatchObject({ attempts: [{ code: 'http_307' }] });
    expect(requestsTo(target)).toEqual([]);
  });

  it('that never ends its answer is believed its status; one that never begins is not', async () => {
    const [endless, silent] = [newUrl('endless'), newUrl('silent')];
    own.receiver.answerWith((request) => {
      if (request.url.includes('endless')) return { status: 200, body: 'x', unfinished: true };
      return 'hang';
    });
    const one = await sendOne(own.api, webhook(endless));
    const two = await sendOne(own.api, webhook(silent, { delivery: 'at_most_once' }));
    const answered = await untilState(own.api, one.deliveryId, 'sent');
    const unanswered = await untilState(own.api, two.deliveryId, 'dead');
    expect(unanswered).toMatchObject({ reason: 'outcome_unknown', attempts: [{ outcome: 'ambiguous' }] });
    for (const { attempts } of [answered, unanswered]) {
      expect(attempts).toHaveLength(1);
      expect(attempts[0]!.durationMs).toBeLessThan(10_000);
    }
  });

  it('that answers with megabytes does not get them read', async () => {
    const url = newUrl('large');
    own.receiver.answerWith({ status: 200, body: Buffer.alloc(30_000_000, 'x') });
    const { deliveryId } = await sendOne(own.api, webhook(url));
    const delivery = await untilState(own.api, deliveryId, 'sent');
    expect(JSON.stringify(delivery)).not.toContain('xxxx');
  });

  it('of nobody is tried again until retries are exhausted', async () => {
    const late = await startHttpReceiver();
    const url = `${late.url}/late`;
    await late.close();
    const { deliveryId } = await sendOne(own.api, webhook(url));
    const delivery = await untilState(own.api, deliveryId, 'dead');
    expect(delivery.attempts.map(({ code }) => code)).toEqual(Array(4).fill('connect_ECONNREFUSED'));
  });
});

describe('an address of the internal network is never called', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://10.0.0.1/',
    'http://192.168.1.1:8080/x',
    'http://[::1]/',
    'http://[fd00::1]/',
    'http://[::ffff:10.0.0.1]/',
    'http://0.0.0.0/',
    'http://100.64.0.1/',
  ])('%s', async (url) => {
    const { deliveryId } = await sendOne(own.api, webhook(url));
    const delivery = await untilState(own.api, deliveryId, 'failed');
    expect(delivery).toMatchObject({
      reason: 'forbidden_target',
      attempts: [{ outcome: 'permanent-address' }],
    });
  });

  it('unless the operator allows it, as here 127.0.0.1', async () => {
    expect(await deliver(own.api)).toHaveLength(1);
    const { deliveries } = await send(own.api, webhook('http://127.0.0.2:1/'));
    expect(await untilState(own.api, deliveries[0]!.id, 'failed')).toMatchObject({
      reason: 'forbidden_target',
    });
    expect(await readDelivery(own.api, deliveries[0]!.id)).toMatchObject({ state: 'failed' });
  });
});
