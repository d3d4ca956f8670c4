import { type DeliveryState, type EndpointDeliveryDto, type WebhookEndpointDto } from '@herald/contracts';
import {
  type Client,
  createTenant,
  type HttpReceiver,
  startHttpReceiver,
  type TestTenant,
  until,
} from '@herald/testing';
import { Webhook } from 'standardwebhooks';
import { newPhone, send, sendOne, sms, unique, untilState } from './harness/notifications';
import { type ReceivedMessage } from './harness/sandbox-client';
import { useHerald } from './harness/use-herald';

const herald = useHerald();
const created: string[] = [];
afterEach(async () => {
  for (const id of created.splice(0)) await herald.api.delete(`/v1/webhook-endpoints/${id}`);
});

async function register(
  url: string,
  body: object = {},
  api: Client = herald.api,
): Promise<WebhookEndpointDto> {
  const { status, body: endpoint } = await api.post<WebhookEndpointDto>('/v1/webhook-endpoints', {
    url,
    ...body,
  });
  if (status !== 201) throw new Error(`${status} ${JSON.stringify(endpoint)}`);
  if (api === herald.api) created.push(endpoint.id);
  return endpoint;
}
const logOf = async ({ id }: { id: string }, api: Client = herald.api) =>
  (await api.get<{ items: EndpointDeliveryDto[] }>(`/v1/webhook-endpoints/${id}/deliveries`)).body.items;
const payloadOf = ({ text }: ReceivedMessage) =>
  JSON.parse(text) as { id: string; type: string; data: Record<string, unknown> };
/** What the sandbox got at a URL, oldest first, once it is so many. */
const arrived = (url: string, count: number) =>
  until(async () => {
    const messages = await herald.sandbox.messages(url);
    return messages.length >= count && messages.map(payloadOf).reverse();
  });

it('an endpoint is told what becomes of an SMS, and its log has it', async () => {
  const url = herald.sandbox.webhookUrl(unique('events'));
  const endpoint = await register(url);
  const to = newPhone();
  const { id, deliveryId } = await sendOne(herald.api, sms(to, { metadata: { orderId: '42' } }));
  await untilState(herald.api, deliveryId, 'delivered');
  const events = await arrived(url, 2);
  expect(events.map(({ type }) => type).sort()).toEqual(['delivery.delivered', 'delivery.sent']);
  for (const { type, data } of events) {
    expect(data).toMatchObject({
      notificationId: id,
      deliveryId,
      channel: 'sms',
      recipient: 0,
      state: type.slice('delivery.'.length),
      metadata: { orderId: '42' },
    });
    expect(JSON.stringify(data)).not.toContain(to.slice(1));
  }
  const log = await until(async () => {
    const items = await logOf(endpoint);
    return items.every(({ state }) => state === 'sent') && items;
  });
  expect(log.map(({ eventId }) => eventId).sort()).toEqual(events.map((event) => event.id).sort());
  for (const entry of log) expect(entry).toMatchObject({ attempts: 1, code: 'http_204' });
  const list = await herald.api.get<{ items: { id: string }[] }>('/v1/notifications?channel=webhook');
  expect(list.body.items.map((item) => item.id)).not.toContain(log[0]!.eventId);
});

it('an endpoint gets the events that it asked for, and test events', async () => {
  const url = herald.sandbox.webhookUrl(unique('some'));
  const endpoint = await register(url, { events: ['delivery.canceled'] });
  const sent = await sendOne(herald.api, sms(newPhone()));
  await untilState(herald.api, sent.deliveryId, 'delivered');
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  const { id } = await send(herald.api, sms(newPhone(), { sendAt }));
  expect((await herald.api.post(`/v1/notifications/${id}/cancel`)).status).toBe(200);
  expect((await herald.api.post(`/v1/webhook-endpoints/${endpoint.id}/test`)).status).toBe(202);
  const events = await arrived(url, 2);
  expect(events.map(({ type }) => type).sort()).toEqual(['delivery.canceled', 'endpoint.test']);
});

describe('of another tenant', () => {
  const own = { tenant: {} as TestTenant, api: {} as Client, receiver: {} as HttpReceiver };
  beforeAll(async () => {
    own.tenant = await createTenant(herald.admin);
    own.api = herald.api.withKey(own.tenant.key);
    own.receiver = await startHttpReceiver();
  });
  afterAll(() => own.receiver.close());

  const untilLog = (endpoint: { id: string }, state: DeliveryState) =>
    until(async () => {
      const items = await logOf(endpoint, own.api);
      return items.length > 0 && items.every((item) => item.state === state) && items;
    });

  it('an endpoint gets signed events, tried again and replayed when it has failed', async () => {
    own.receiver.answerWith({ status: 500 });
    const endpoint = await register(`${own.receiver.url}/hook`, {}, own.api);
    await own.api.post(`/v1/webhook-endpoints/${endpoint.id}/test`);
    const [dead] = await untilLog(endpoint, 'dead');
    expect(dead).toMatchObject({ reason: 'retries_exhausted', code: 'http_500', attempts: 4 });
    own.receiver.answerWith({});
    const { body } = await own.api.post(`/v1/webhook-endpoints/${endpoint.id}/replay`);
    expect(body).toEqual({ replayed: 1 });
    await untilLog(endpoint, 'sent');
    const requests = own.receiver.requests;
    expect(requests.map(({ headers }) => headers['webhook-id'])).toEqual(Array(5).fill(dead!.id));
    for (const { rawBody, headers } of requests) {
      const event = new Webhook(own.tenant.webhookSecret).verify(rawBody, headers as Record<string, string>);
      expect(event).toMatchObject({
        id: dead!.eventId,
        type: 'endpoint.test',
        data: { endpointId: endpoint.id },
      });
    }
  });
});
