import { createHash, createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { type DeliveryDto, type ProviderDto } from '@herald/contracts';
import { createClient, createTenant, until } from '@herald/testing';
import { Client } from 'pg';
import { counter } from './harness/metrics';
import {
  email,
  newEmail,
  newPhone,
  readDelivery,
  sendOne,
  sms,
  steps,
  untilState,
} from './harness/notifications';
import { useHerald } from './harness/use-herald';

const herald = useHerald();
const twilio = { providerId: '', accountSid: '', authToken: '' };

beforeAll(async () => {
  const { body } = await herald.api.get<{ items: ProviderDto[] }>('/v1/providers?channel=sms');
  const secrets = JSON.parse(fs.readFileSync(path.join(herald.dataDir, 'secrets.json'), 'utf8'));
  Object.assign(twilio, {
    providerId: body.items.find(({ type }) => type === 'twilio')!.id,
    accountSid: secrets.twilioSid,
    authToken: secrets.twilioToken,
  });
});

interface ReceiptOptions {
  providerId?: string;
  /** Signs with it. */
  authToken?: string;
  /** Sent as it is; null sends none. */
  signature?: string | null;
  /** What is sent differs from what is signed by these. */
  changed?: Record<string, string>;
}

const form = (MessageStatus: string, more: Record<string, string> = {}) => ({
  AccountSid: twilio.accountSid,
  MessageSid: `SM${'1'.repeat(32)}`,
  MessageStatus,
  ...more,
});

/** By https://www.twilio.com/docs/usage/security: the URL and the sorted fields. */
function signatureOf(url: string, fields: Record<string, string>, authToken: string): string {
  const text = Object.keys(fields)
    .sort()
    .reduce((signed, name) => signed + name + fields[name], url);
  return createHmac('sha1', authToken).update(text).digest('base64');
}

/** Posts what Twilio posts; gives the status of the answer. */
async function postReceipt(
  deliveryId: string,
  fields: Record<string, string>,
  { providerId = twilio.providerId, authToken = twilio.authToken, signature, changed }: ReceiptOptions = {},
): Promise<number> {
  const at = `/v1/receipts/${providerId}/${deliveryId}`;
  const signed =
    signature === undefined ? signatureOf(herald.dev.edgeUrl + at, fields, authToken) : signature;
  const { status } = await createClient(herald.dev.edgeUrl).post(
    at,
    new URLSearchParams({ ...fields, ...changed }).toString(),
    {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(signed !== null && { 'x-twilio-signature': signed }),
      },
    },
  );
  return status;
}

/** An SMS that was sent and whose receipts only the test posts. */
async function sentSms(): Promise<DeliveryDto> {
  const to = newPhone();
  await herald.sandbox.misbehave({
    channel: 'sms',
    match: { to },
    action: { type: 'receipts', mode: 'none' },
  });
  const { deliveryId } = await sendOne(herald.api, sms(to));
  return untilState(herald.api, deliveryId, 'sent');
}

/** What was answered is applied: as many receipts were counted as there should be. */
async function untilCounted(atLeast: number): Promise<void> {
  await until(async () => (await counter(herald.api, 'herald_receipts_total')) >= atLeast);
}

const times = (delivery: DeliveryDto, step: string) => steps(delivery).filter((type) => type === step).length;

describe('the receipts of a provider', () => {
  it.each([
    ['doubled', 4],
    ['reordered', 2],
  ])('may come %s', async (mode, posted) => {
    const to = newPhone();
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action: { type: 'receipts', mode } });
    const before = await counter(herald.api, 'herald_receipts_total');
    const { deliveryId } = await sendOne(herald.api, sms(to));
    await until(async () => (await counter(herald.api, 'herald_receipts_total')) === before + posted);
    const delivery = await readDelivery(herald.api, deliveryId);
    expect([delivery.state, times(delivery, 'delivered')]).toEqual(['delivered', 1]);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('may come late', async () => {
    const to = newPhone();
    const action = { type: 'receipts', mode: 'late', delayMs: 800 };
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action });
    const { deliveryId } = await sendOne(herald.api, sms(to));
    await untilState(herald.api, deliveryId, 'sent');
    const delivery = await untilState(herald.api, deliveryId, 'delivered');
    expect(Date.parse(delivery.deliveredAt!) - Date.parse(delivery.sentAt!)).toBeGreaterThan(500);
  });

  it.each([
    ['undelivered', 30003, 'unreachable'],
    ['failed', 30007, 'carrier_rejected'],
    ['undelivered', 39999, 'undelivered_unknown'],
  ])('say that an SMS was %s (%i)', async (status, errorCode, reason) => {
    const to = newPhone();
    const action = { type: 'undelivered', status, errorCode };
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action, times: 1 });
    const { deliveryId } = await sendOne(herald.api, sms(to));
    const delivery = await untilState(herald.api, deliveryId, 'undelivered');
    expect(delivery.reason).toBe(reason);
    expect(delivery.timeline.at(-1)).toMatchObject({ type: 'undelivered', detail: `twilio_${errorCode}` });

    // A person tries again, and this time it arrives.
    expect((await herald.api.post(`/v1/deliveries/${deliveryId}/retry`)).status).toBe(202);
    const again = await untilState(herald.api, deliveryId, 'delivered');
    expect([again.attempts.length, again.reason]).toEqual([2, undefined]);
    expect(await herald.sandbox.messages(to)).toHaveLength(2);
  });

  it('suppress a number that does not exist', async () => {
    const to = newPhone();
    const action = { type: 'undelivered', errorCode: 30005 };
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action, times: 1 });
    const { deliveryId } = await sendOne(herald.api, sms(to));
    await untilState(herald.api, deliveryId, 'undelivered');
    const next = await sendOne(herald.api, sms(to));
    const skipped = await untilState(herald.api, next.deliveryId, 'skipped');
    expect(skipped.reason).toBe('suppressed_bounce');
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('may overtake the answer, and win over an attempt of which nothing else is known', async () => {
    const to = newPhone();
    const action = { type: 'hang', at: 'after-data' };
    await herald.sandbox.misbehave({ channel: 'sms', match: { to }, action, times: 1 });
    const { deliveryId } = await sendOne(herald.api, sms(to));
    const delivery = await untilState(herald.api, deliveryId, 'delivered');
    expect(delivery.attempts.map(({ outcome }) => outcome)).toEqual(['ambiguous']);
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('change nothing when they know less than is known', async () => {
    const { id } = await sentSms();
    const before = await counter(herald.api, 'herald_receipts_total');
    expect(await postReceipt(id, form('delivered'))).toBe(204);
    const delivered = await untilState(herald.api, id, 'delivered');
    for (const late of [
      form('sent'),
      form('delivered'),
      form('undelivered', { ErrorCode: '30003' }),
      form('queued'),
    ]) {
      expect(await postReceipt(id, late)).toBe(204);
    }
    await untilCounted(before + 5);
    expect(await readDelivery(herald.api, id)).toEqual(delivered);
  });

  it('turn undelivered into delivered when it did arrive after all, twenty at once', async () => {
    const { id } = await sentSms();
    expect(await postReceipt(id, form('undelivered', { ErrorCode: '30003' }))).toBe(204);
    expect(await untilState(herald.api, id, 'undelivered')).toMatchObject({ reason: 'unreachable' });
    const before = await counter(herald.api, 'herald_receipts_total');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => postReceipt(id, form(n % 2 ? 'delivered' : 'undelivered'))),
    );
    expect(new Set(answers)).toEqual(new Set([204]));
    await untilCounted(before + 20);
    const delivery = await readDelivery(herald.api, id);
    expect([delivery.state, times(delivery, 'delivered')]).toEqual(['delivered', 1]);
  });

  it('may be JSON, whose hash is in the signed URL', async () => {
    const { id } = await sentSms();
    const body = JSON.stringify(form('delivered'));
    const hash = createHash('sha256').update(body).digest('hex');
    const at = `/v1/receipts/${twilio.providerId}/${id}?bodySHA256=${hash}`;
    const signature = signatureOf(herald.dev.edgeUrl + at, {}, twilio.authToken);
    const post = (text: string) =>
      createClient(herald.dev.edgeUrl).post(at, text, { headers: { 'x-twilio-signature': signature } });
    expect((await post(body.replace('delivered', 'undelivered'))).status).toBe(403);
    expect((await post(body)).status).toBe(204);
    await untilState(herald.api, id, 'delivered');
  });

  it('may be stored by an edge that ends, and are applied all the same', async () => {
    const { id } = await sentSms();
    const db = new Client(herald.dev.databaseUrl);
    await db.connect();
    await db.query(
      `INSERT INTO receipt_inbox (id, tenant_id, provider_id, delivery_id, url, content_type, body, taken_until, tries)
       SELECT gen_random_uuid(), tenant_id, id, $2, $3, 'application/x-www-form-urlencoded', $4, now(), 1
       FROM provider_configs WHERE id = $1`,
      [
        twilio.providerId,
        id,
        `${herald.dev.edgeUrl}/v1/receipts/${twilio.providerId}/${id}`,
        Buffer.from(new URLSearchParams(form('delivered')).toString()),
      ],
    );
    await db.end();
    await untilState(herald.api, id, 'delivered');
  });
});

describe('a bounce that comes as mail', () => {
  const bounceSecret = 'bounces-'.repeat(5);

  /** What a mail server sends back (RFC 3464), to whom the message came from on its envelope. */
  const bounceTo = (address: string) =>
    [
      'From: MAILER-DAEMON@mx.example.net',
      `To: ${address}`,
      'MIME-Version: 1.0',
      'Content-Type: multipart/report; report-type=delivery-status; boundary="b"',
      '',
      '--b',
      'Content-Type: message/delivery-status',
      '',
      'Reporting-MTA: dns; mx.example.net',
      '',
      'Final-Recipient: rfc822; someone@example.net',
      'Action: failed',
      'Status: 5.1.1',
      '',
      '--b--',
      '',
    ].join('\r\n');

  it('and is signed by the mail server that took it ends its delivery, and nobody writes there again', async () => {
    const { body } = await herald.api.get<{ items: ProviderDto[] }>('/v1/providers?channel=email');
    const { id } = body.items.find(({ type }) => type === 'smtp')!;
    const config = { bounceAddress: 'bounces@example.com', bounceSecret };
    expect((await herald.api.patch(`/v1/providers/${id}`, { config })).status).toBe(200);
    const sentFrom = async (deliveryId: string, to: string) => {
      await untilState(herald.api, deliveryId, 'sent');
      return (await herald.sandbox.messages(to))[0]?.envelopeFrom as string;
    };
    // Workers follow within a moment.
    const { to, deliveryId, from } = await until(async () => {
      const address = newEmail('bounced');
      const sent = await sendOne(herald.api, email(address));
      const sender = await sentFrom(sent.deliveryId, address);
      return sender.includes(sent.deliveryId) && { to: address, deliveryId: sent.deliveryId, from: sender };
    });
    const post = async (mail: string, secret: string) => {
      const signature = createHmac('sha256', secret).update(mail).digest('hex');
      const headers = { 'content-type': 'message/rfc822', 'herald-signature': signature };
      return (await createClient(herald.dev.edgeUrl).post(`/v1/receipts/${id}`, mail, { headers })).status;
    };
    expect(await post(bounceTo(from), 'another'.repeat(6))).toBe(403);
    expect(await post(bounceTo(from), bounceSecret)).toBe(204);
    expect(await untilState(herald.api, deliveryId, 'undelivered')).toMatchObject({
      reason: 'invalid_address',
    });
    const again = await sendOne(herald.api, email(to));
    expect(await untilState(herald.api, again.deliveryId, 'skipped')).toMatchObject({
      reason: 'suppressed_bounce',
    });
  });
});

describe('a receipt that is not the provider’s', () => {
  it('is refused, and changes nothing', async () => {
    const [sent, other] = [await sentSms(), await sentSms()];
    const forged = await counter(herald.api, 'herald_receipts_total', { result: 'forged' });
    const fields = form('delivered');
    const url = `${herald.dev.edgeUrl}/v1/receipts/${twilio.providerId}/${other.id}`;
    const statuses = [
      await postReceipt(sent.id, fields, { signature: null }),
      await postReceipt(sent.id, fields, { signature: 'nonsense' }),
      await postReceipt(sent.id, fields, { authToken: 'f'.repeat(32) }),
      await postReceipt(sent.id, form('sent'), { changed: { MessageStatus: 'delivered' } }),
      await postReceipt(sent.id, fields, { changed: { Extra: '1' } }),
      // Signed for another delivery.
      await postReceipt(sent.id, fields, { signature: signatureOf(url, fields, twilio.authToken) }),
    ];
    expect(statuses).toEqual(Array(6).fill(403));
    expect(await readDelivery(herald.api, sent.id)).toEqual(sent);
    expect(await counter(herald.api, 'herald_receipts_total', { result: 'forged' })).toBe(forged + 6);
  });

  it('has no effect on the delivery of another tenant, however well it is signed', async () => {
    const sent = await sentSms();
    const tenant = await createTenant(herald.admin);
    const authToken = 'b'.repeat(32);
    const { body } = await herald.api.post<ProviderDto>(
      '/v1/providers',
      {
        channel: 'sms',
        type: 'twilio',
        config: { accountSid: `AC${'b'.repeat(32)}`, authToken, from: '+15005550006' },
      },
      { key: tenant.key },
    );
    const options = { providerId: body.id, authToken };
    const unknown = await counter(herald.api, 'herald_receipts_total', { result: 'unknown' });
    expect(await postReceipt(sent.id, form('delivered'), options)).toBe(204);
    await until(
      async () => (await counter(herald.api, 'herald_receipts_total', { result: 'unknown' })) === unknown + 1,
    );
    expect(await readDelivery(herald.api, sent.id)).toEqual(sent);
  });

  it('is told apart from what cannot be a receipt at all', async () => {
    const { id } = await sentSms();
    const nobody = '019abcde-0000-7000-8000-000000000000';
    expect(await postReceipt(id, form('delivered'), { providerId: nobody })).toBe(404);
    expect(await postReceipt(id, form('delivered'), { providerId: 'nonsense' })).toBe(404);
    expect(await postReceipt(nobody, form('delivered'))).toBe(204);
    const edge = createClient(herald.dev.edgeUrl);
    const at = `/v1/receipts/${twilio.providerId}/${id}`;
    expect((await edge.post(at, 'x', { headers: { 'content-type': 'text/plain' } })).status).toBe(415);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await edge.post(at, 'x'.repeat(100_000), { headers })).status).toBe(413);
    expect((await edge.get(at)).status).toBe(405);
  });
});
