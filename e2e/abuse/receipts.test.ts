import { createHmac } from 'node:crypto';
import { type DeliveryDto, type ProviderDto } from '@herald/contracts';
import { createTenant, until } from '@herald/testing';
import fc from 'fast-check';
import { counter } from '../harness/metrics';
import { email, newEmail, readDelivery, sendOne, untilSettled } from '../harness/notifications';
import { useHerald } from '../harness/use-herald';
import { TEXTS } from './hostile';

/** Tenants know the key that their provider signs with, so what is rightly signed may still be anything. */
const AUTH_TOKEN = 'c'.repeat(32);
const MAY_BE = ['sent', 'delivered', 'undelivered'];

const herald = useHerald();
const given = { key: '', providerId: '', deliveryId: '', mail: {} as DeliveryDto };

beforeAll(async () => {
  const tenant = await createTenant(herald.admin);
  const api = herald.api.withKey(tenant.key);
  const sid = `AC${'c'.repeat(32)}`;
  const config = { accountSid: sid, authToken: AUTH_TOKEN, from: '+15005550006' };
  const { body } = await api.post<ProviderDto>('/v1/providers', { channel: 'sms', type: 'twilio', config });
  const phone = '+4915112345678';
  const { deliveryId } = await sendOne(api, { to: { phone }, content: { sms: { body: 'B' } } });
  const mail = await sendOne(api, email(newEmail()));
  Object.assign(given, { key: tenant.key, providerId: body.id, deliveryId });
  given.mail = await untilSettled(api, mail.deliveryId);
  await untilSettled(api, deliveryId);
});

const text = fc.oneof(
  fc.constantFrom(...TEXTS.filter((t) => t.length < 20_000)),
  fc.string({ unit: 'binary' }),
);
const field = fc.oneof(
  fc.constantFrom('MessageStatus', 'MessageSid', 'ErrorCode', 'SmsStatus', '__proto__', 'constructor', ''),
  text,
);
const status = fc.constantFrom('sent', 'delivered', 'undelivered', 'failed', 'read', 'canceled');

/** Posts a form that is signed as the provider signs. */
async function postSigned(deliveryId: string, fields: [string, string][]): Promise<number> {
  const url = `${herald.dev.edgeUrl}/v1/receipts/${given.providerId}/${deliveryId}`;
  const body = new URLSearchParams(fields).toString();
  const form = new URLSearchParams(body);
  const signed = [...new Set(form.keys())]
    .sort()
    .flatMap((name) => [...new Set(form.getAll(name))].sort().map((value) => name + value))
    .join('');
  const signature = createHmac('sha1', AUTH_TOKEN)
    .update(url + signed, 'utf8')
    .digest('base64');
  const headers = { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature };
  return (await fetch(url, { method: 'POST', body, headers })).status;
}

describe('a receipt that is signed', () => {
  it('is taken whatever it says, and leaves the delivery in a state that a receipt can give', async () => {
    const api = herald.api.withKey(given.key);
    const before = await readDelivery(api, given.deliveryId);
    const counted = await counter(api, 'herald_receipts_total');
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(
        status,
        text,
        fc.array(fc.tuple(field, text), { maxLength: 4 }),
        async (what, sid, more) => {
          const fields: [string, string][] = [['MessageStatus', what], ['MessageSid', sid], ...more];
          const answer = await postSigned(given.deliveryId, fields);
          expect([204, 413]).toContain(answer);
          if (answer === 204) taken += 1;
        },
      ),
      { numRuns: 150 },
    );
    // None is stuck: each was applied, or ignored.
    await until(async () => (await counter(api, 'herald_receipts_total')) === counted + taken);
    expect(await counter(api, 'herald_receipts_given_up_total')).toBe(0);
    const after = await readDelivery(api, given.deliveryId);
    expect([before.state, ...MAY_BE]).toContain(after.state);
    expect(JSON.stringify(after).length).toBeLessThan(20_000);
  });

  it('says nothing of a delivery of another channel', async () => {
    const api = herald.api.withKey(given.key);
    const unknown = () => counter(api, 'herald_receipts_total', { result: 'unknown' });
    const before = await unknown();
    expect(await postSigned(given.mail.id, [['MessageStatus', 'delivered']])).toBe(204);
    await until(async () => (await unknown()) === before + 1);
    expect(await readDelivery(api, given.mail.id)).toEqual(given.mail);
  });
});
