import { receiptUrl } from '@herald/contracts';
import { useOwnPostgres } from '@herald/testing';
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

let edge: TestEdge;
afterAll(() => edge.close());
const postgres = useOwnPostgres();
beforeAll(async () => {
  edge = await openTestEdge(postgres.url);
});

it('asks the provider to come again while Postgres is away, whether or not it knows the provider', async () => {
  const known = await addTwilioTenant(edge);
  const other = await addTwilioTenant(edge);
  const deliveryId = await sendSms(edge, known.tenantId);
  const form = { MessageSid: 'SM1', MessageStatus: 'delivered' };
  const callBack = (providerId: string) => {
    const url = receiptUrl(PUBLIC_URL, providerId, deliveryId);
    return request(edge.app)
      .post(url.slice(PUBLIC_URL.length))
      .set('x-twilio-signature', getExpectedTwilioSignature(AUTH_TOKEN, url, form))
      .type('form')
      .send(form);
  };
  await callBack(known.providerId).expect(204);
  await postgres.crash();
  for (const { providerId } of [known, other]) {
    const response = await callBack(providerId).expect(503);
    expect(response.body).toMatchObject({ type: 'urn:herald:problem:unavailable' });
    expect(Number(response.headers['retry-after'])).toBeGreaterThan(0);
  }
  await postgres.restart();
  await callBack(other.providerId).expect(204);
}, 60_000);
