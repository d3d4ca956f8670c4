import { createHash } from 'node:crypto';
import { receiptUrl } from '@herald/contracts';
import { createProviderConfig, getDelivery } from '@herald/db';
import { newId } from '@herald/domain';
import { until, useTestDatabase } from '@herald/testing';
import request from 'supertest';
import { getExpectedTwilioSignature } from 'twilio/lib/webhooks/webhooks';
import {
  AUTH_TOKEN,
  addTwilioTenant,
  openTestEdge,
  PUBLIC_URL,
  sendSms,
  type TestEdge,
} from './testing/use-test-edge';

const database = useTestDatabase();
let edge: TestEdge;
beforeAll(async () => {
  edge = await openTestEdge(database.url);
});
afterAll(() => edge.close());

type Form = Record<string, string>;
interface Callback {
  providerId: string;
  deliveryId: string;
  form: Form;
  /** What is signed; the same as what is sent unless given. */
  signed?: { url?: string; form?: Form; token?: string };
}

const path = (providerId: string, deliveryId: string) =>
  receiptUrl(PUBLIC_URL, providerId, deliveryId).slice(PUBLIC_URL.length);

/** Twilio's status callback, signed by Twilio's own library. */
function callBack({ providerId, deliveryId, form, signed = {} }: Callback) {
  const url = signed.url ?? receiptUrl(PUBLIC_URL, providerId, deliveryId);
  const signature = getExpectedTwilioSignature(signed.token ?? AUTH_TOKEN, url, signed.form ?? form);
  return request(edge.app)
    .post(path(providerId, deliveryId))
    .set('x-twilio-signature', signature)
    .type('form')
    .send(form);
}

const delivered = (over: Form = {}): Form => ({
  MessageSid: 'SM1',
  MessageStatus: 'delivered',
  To: '+4915112345678',
  ...over,
});
const stateOf = async (tenantId: string, id: string) =>
  (await getDelivery(edge.db, { tenantId, live: true }, id))?.state;

/** What was answered is applied: nothing is in the inbox. */
const untilApplied = () =>
  until(async () => (await edge.db.rows('SELECT 1 FROM receipt_inbox')).length === 0);

async function counted(result: string): Promise<number> {
  const { body } = await edge.metrics.render();
  const line = body
    .split('\n')
    .find((l) => l.startsWith(`herald_receipts_total{provider="twilio",result="${result}"}`));
  return Number(line?.split(' ')[1] ?? 0);
}

describe("Twilio's status callbacks", () => {
  let tenantId: string;
  let providerId: string;
  let deliveryId: string;
  beforeAll(async () => {
    ({ tenantId, providerId } = await addTwilioTenant(edge));
  });
  beforeEach(async () => {
    deliveryId = await sendSms(edge, tenantId);
  });

  it('tells that it arrived, and when', async () => {
    const before = await counted('applied');
    await callBack({ providerId, deliveryId, form: delivered() }).expect(204, '');
    await untilApplied();
    expect(await getDelivery(edge.db, { tenantId, live: true }, deliveryId)).toMatchObject({
      state: 'delivered',
      deliveredAt: expect.any(String),
    });
    expect(await counted('applied')).toBe(before + 1);
  });

  it('tells that it did not arrive, and why', async () => {
    const form = delivered({ MessageStatus: 'undelivered', ErrorCode: '30003' });
    await callBack({ providerId, deliveryId, form }).expect(204);
    await untilApplied();
    const delivery = await getDelivery(edge.db, { tenantId, live: true }, deliveryId);
    expect(delivery).toMatchObject({ state: 'undelivered', reason: 'unreachable' });
    expect(delivery?.timeline.at(-1)).toMatchObject({ type: 'undelivered', detail: 'twilio_30003' });
  });

  it.each(['SM1\u0000', 'x'.repeat(5000), 'a b'])('counts without an id that is none', async (MessageSid) => {
    await callBack({ providerId, deliveryId, form: delivered({ MessageSid }) }).expect(204, '');
    await untilApplied();
    expect(await stateOf(tenantId, deliveryId)).toBe('delivered');
  });

  it('does no harm when it is late, doubled or says nothing', async () => {
    const before = await counted('ignored');
    await callBack({ providerId, deliveryId, form: delivered({ MessageStatus: 'queued' }) }).expect(204);
    await untilApplied();
    expect(await stateOf(tenantId, deliveryId)).toBe('sent');
    for (const status of ['delivered', 'delivered', 'sent', 'undelivered']) {
      await callBack({ providerId, deliveryId, form: delivered({ MessageStatus: status }) }).expect(204);
      await untilApplied();
    }
    expect(await stateOf(tenantId, deliveryId)).toBe('delivered');
    expect(await counted('ignored')).toBe(before + 4);
  });

  it('is refused when its signature is not that of the URL, the form and the token', async () => {
    const before = await counted('forged');
    const other = await sendSms(edge, tenantId);
    const forgeries: Callback['signed'][] = [
      { token: 'another token of some length' },
      { url: receiptUrl(PUBLIC_URL, providerId, other) },
      { url: `http://127.0.0.1${path(providerId, deliveryId)}` },
      { form: delivered({ MessageStatus: 'sent' }) },
    ];
    for (const signed of forgeries) {
      const response = await callBack({ providerId, deliveryId, form: delivered(), signed })
        .set('host', 'edge.example.com')
        .set('x-forwarded-proto', 'https')
        .expect(403);
      expect(response.body).toMatchObject({ type: 'urn:herald:problem:invalid-signature' });
    }
    await request(edge.app).post(path(providerId, deliveryId)).type('form').send(delivered()).expect(403);
    await request(edge.app).post(path(providerId, deliveryId)).type('form').expect(403);
    expect(await stateOf(tenantId, deliveryId)).toBe('sent');
    expect(await counted('forged')).toBe(before + forgeries.length + 2);
  });

  it('says nothing of deliveries that are not of its tenant and channel', async () => {
    const before = await counted('unknown');
    const stranger = await addTwilioTenant(edge);
    const theirs = await sendSms(edge, stranger.tenantId);
    for (const unknown of [theirs, newId(Date.now())]) {
      await callBack({ providerId, deliveryId: unknown, form: delivered() }).expect(204);
    }
    await untilApplied();
    expect(await stateOf(stranger.tenantId, theirs)).toBe('sent');
    expect(await counted('unknown')).toBe(before + 2);
  });

  it('may be JSON, which its URL answers for', async () => {
    const body = JSON.stringify(delivered());
    const query = `?bodySHA256=${createHash('sha256').update(body).digest('hex')}`;
    const url = receiptUrl(PUBLIC_URL, providerId, deliveryId) + query;
    const send = (text: string) =>
      request(edge.app)
        .post(path(providerId, deliveryId) + query)
        .set('x-twilio-signature', getExpectedTwilioSignature(AUTH_TOKEN, url, {}))
        .type('json')
        .send(text);
    await send(body.replace('SM1', 'SM2')).expect(403);
    await send(body).expect(204);
    await untilApplied();
    expect(await stateOf(tenantId, deliveryId)).toBe('delivered');
  });

  it('counts for a provider that was disabled meanwhile', async () => {
    const disabled = await addTwilioTenant(edge, false);
    const sent = await sendSms(edge, disabled.tenantId);
    await callBack({ providerId: disabled.providerId, deliveryId: sent, form: delivered() }).expect(204);
    await untilApplied();
    expect(await stateOf(disabled.tenantId, sent)).toBe('delivered');
  });
});

describe('the receipts route', () => {
  it('does not know providers that do not exist or send no receipts', async () => {
    const { tenantId } = await addTwilioTenant(edge);
    const silent = {
      id: newId(Date.now()),
      tenantId,
      channel: 'email',
      type: 'simulated',
      name: 'none',
    } as const;
    await createProviderConfig(edge.db, { ...silent, config: 'sealed', enabled: true, position: 0 });
    for (const providerId of [newId(Date.now()), silent.id, 'twilio']) {
      const deliveryId = newId(Date.now());
      const response = await callBack({ providerId, deliveryId, form: delivered() }).expect(404);
      expect(response.body).toMatchObject({ type: 'urn:herald:problem:not-found' });
    }
  });

  it('takes bodies of 64 KiB, forms and JSON alone, and no parameters of its own invention', async () => {
    const { tenantId, providerId } = await addTwilioTenant(edge);
    const deliveryId = await sendSms(edge, tenantId);
    await callBack({ providerId, deliveryId, form: delivered({ Body: 'x'.repeat(60_000) }) }).expect(204);
    await callBack({ providerId, deliveryId, form: delivered({ Body: 'x'.repeat(66_000) }) }).expect(413);
    const post = (query = '') => request(edge.app).post(path(providerId, deliveryId) + query);
    await post().type('text/plain').send('hello').expect(415);
    await post().type('form').set('content-encoding', 'gzip').send('x').expect(415);
    await post('?other=1').type('form').send('x').expect(422);
    await request(edge.app).get(path(providerId, deliveryId)).expect(405);
  });
});
