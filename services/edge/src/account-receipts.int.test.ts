import { type ReceiptEvent, receiptUrl } from '@herald/contracts';
import { createProviderConfig, createSuppression, getDelivery, listSuppressions } from '@herald/db';
import { type Receipt } from '@herald/delivery';
import { newId } from '@herald/domain';
import { until, useTestDatabase } from '@herald/testing';
import request from 'supertest';
import { type ReceiptProvider } from './receipts/receipt-providers';
import { addScriptedTenant, SECRET } from './testing/scripted-receipts';
import { openTestEdge, PUBLIC_URL, sendSms, type TestEdge } from './testing/use-test-edge';

const PHONE = '+4915112345678';
const database = useTestDatabase();
const scripted = new Map<string, ReceiptProvider>();
let edge: TestEdge;
let tenantId: string;
let providerId: string;
beforeAll(async () => {
  edge = await openTestEdge(database.url, { scripted });
});
beforeEach(async () => {
  ({ tenantId, providerId } = await addScriptedTenant(edge.db, scripted));
});
afterAll(() => edge.close());

const post = (text: string, { type = 'application/json', secret = SECRET, at = providerId } = {}) =>
  request(edge.app)
    .post(receiptUrl(PUBLIC_URL, at).slice(PUBLIC_URL.length))
    .set('x-secret', secret)
    .set('content-type', type)
    .send(text);

/** Posts a callback and waits until it is applied. */
async function say(...receipts: Receipt[]): Promise<void> {
  await post(JSON.stringify(receipts)).expect(204, '');
  await untilApplied();
}
const untilApplied = () =>
  until(async () => (await edge.db.rows('SELECT 1 FROM receipt_inbox')).length === 0);

const view = async (id: string) => (await getDelivery(edge.db, { tenantId, live: true }, id))!;
const reasons = async () =>
  (await listSuppressions(edge.db, { tenantId, live: true }, { limit: 9 })).map(({ reason }) => reason);
const event = (deliveryId: string, name: ReceiptEvent, eventId: string, over: object = {}): Receipt => ({
  kind: 'event',
  event: name,
  eventId,
  deliveryId,
  ...over,
});

async function counted(name: string): Promise<number> {
  const { body } = await edge.metrics.render();
  return Number(
    body
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1] ?? 0,
  );
}
const results = (result: string) => counted(`herald_receipts_total{provider="scripted",result="${result}"}`);

describe('a callback of an account', () => {
  it('speaks of many deliveries, each in its own way', async () => {
    const [a, b] = [await sendSms(edge, tenantId), await sendSms(edge, tenantId)];
    await say(
      { kind: 'state', state: 'delivered', deliveryId: a },
      event(a, 'opened', '1', { code: 'x_open' }),
      { kind: 'state', state: 'undelivered', reason: 'unreachable', code: 'x_1', deliveryId: b },
    );
    expect((await view(a)).timeline.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['delivered', 'opened']),
    );
    expect(await view(b)).toMatchObject({ state: 'undelivered', reason: 'unreachable' });
  });

  it('counts an event once, however often it comes, and only what is new in the metrics', async () => {
    const id = await sendSms(edge, tenantId);
    const metric = 'herald_engagement_total{channel="sms",event="clicked"}';
    const before = [await counted(metric), await results('ignored')] as const;
    await say(event(id, 'clicked', '1'), event(id, 'clicked', '1'));
    await say(event(id, 'clicked', '1'));
    expect((await view(id)).timeline.filter(({ type }) => type === 'clicked')).toHaveLength(1);
    expect([await counted(metric), await results('ignored')]).toEqual([before[0] + 1, before[1] + 2]);
  });

  it('changes nothing of another tenant or channel, and nothing that is no delivery', async () => {
    const stranger = await addScriptedTenant(edge.db, scripted);
    const theirs = await sendSms(edge, stranger.tenantId);
    const theirOwner = { tenantId: stranger.tenantId, live: true };
    const sent = await getDelivery(edge.db, theirOwner, theirs);
    const before = [await results('unknown'), await results('ignored')] as const;
    for (const deliveryId of [theirs, newId(Date.now()), 'no-uuid', undefined])
      await say(
        { kind: 'state', state: 'delivered', deliveryId, suppress: 'bounce' },
        event(deliveryId as string, 'complained', '1', { suppress: 'complaint' }),
      );
    expect(await getDelivery(edge.db, theirOwner, theirs)).toEqual(sent);
    expect(await reasons()).toEqual([]);
    expect(await listSuppressions(edge.db, theirOwner, { limit: 9 })).toEqual([]);
    expect([await results('unknown'), await results('ignored')]).toEqual([before[0] + 4, before[1] + 4]);
  });

  it('suppresses whom complained', async () => {
    const id = await sendSms(edge, tenantId);
    await say(event(id, 'complained', '1', { suppress: 'complaint' }));
    expect(await reasons()).toEqual(['complaint']);
    expect((await view(id)).timeline.at(-1)).toMatchObject({ type: 'complained' });
  });

  it('takes consent back and gives it again, but lifts nothing else', async () => {
    await say({ kind: 'consent', address: PHONE, optedOut: true });
    expect(await reasons()).toEqual(['opt_out']);
    await say({ kind: 'consent', address: PHONE, optedOut: false });
    expect(await reasons()).toEqual([]);
    await createSuppression(edge.db, {
      tenantId,
      live: true,
      channel: 'sms',
      address: PHONE,
      reason: 'bounce',
    });
    await say({ kind: 'consent', address: PHONE, optedOut: false });
    expect(await reasons()).toEqual(['bounce']);
  });

  it('lets no "start" that comes late lift a "stop" that was said after it', async () => {
    const ago = (seconds: number) => new Date(Date.now() - seconds * 1000);
    const consent = (optedOut: boolean, at?: Date): Receipt => ({
      kind: 'consent',
      address: PHONE,
      optedOut,
      at,
    });
    await say(consent(true, ago(60)));
    await say(consent(false, ago(120)));
    expect(await reasons()).toEqual(['opt_out']);
    await say(consent(false, ago(30)));
    expect(await reasons()).toEqual([]);
    await say(consent(true));
    await say(consent(false, ago(10)));
    expect(await reasons()).toEqual(['opt_out']);
    // A clock that is ahead makes no word newer than its callback.
    await say(consent(false, ago(-60)));
    expect(await reasons()).toEqual([]);
  });

  it('goes by the times of unsubscribing and subscribing again, in one callback and over several', async () => {
    const id = await sendSms(edge, tenantId);
    const time = Math.floor(Date.now() / 1000) - 100;
    const unsubscribed = (second: number) =>
      event(id, 'unsubscribed', `u${second}`, { at: new Date((time + second) * 1000), suppress: 'opt_out' });
    const subscribed = (second: number): Receipt => ({
      kind: 'consent',
      address: PHONE,
      optedOut: false,
      at: new Date((time + second) * 1000),
    });
    await say(unsubscribed(1), subscribed(2));
    expect(await reasons()).toEqual([]);
    await say(unsubscribed(3), unsubscribed(5));
    await say(subscribed(4));
    await say(subscribed(5));
    expect(await reasons()).toEqual(['opt_out']);
    await say(unsubscribed(7), subscribed(6));
    expect(await reasons()).toEqual(['opt_out']);
    await say(subscribed(8));
    expect(await reasons()).toEqual([]);
  });

  it('keeps the last word of a sender that says stop and start many times at once', async () => {
    for (const last of [true, false]) {
      const words = [...Array.from({ length: 20 }, (_, n) => n % 2 === 0), last];
      // Each is answered before the next is posted; applying goes on behind the answers.
      for (const optedOut of words)
        await post(JSON.stringify([{ kind: 'consent', address: PHONE, optedOut }])).expect(204);
      await untilApplied();
      expect(await reasons()).toEqual(last ? ['opt_out'] : []);
    }
  });

  it('may ask for a confirmation, of which nothing is kept', async () => {
    const before = await results('confirmed');
    await post('"confirm"', { type: 'text/plain; charset=UTF-8' }).expect(204);
    expect(await edge.db.rows('SELECT 1 FROM receipt_inbox')).toEqual([]);
    expect(await results('confirmed')).toBe(before + 1);
    await post('"confirm"', { secret: 'wrong' }).expect(403);
  });

  it('may be a form, JSON or text of 1 MiB, and nothing else', async () => {
    const text = `[${' '.repeat(1024 * 1024 - 2)}]`;
    for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded'])
      await post(text, { type }).expect(204);
    await untilApplied();
    await post(`${text} `).expect(413);
    await post('<a/>', { type: 'application/xml' }).expect(415);
    await post('[]', { secret: 'wrong' }).expect(403);
    await post('[]', { at: newId(Date.now()) }).expect(404);
  });

  it('is not known of providers that send no receipts', async () => {
    const silent = {
      id: newId(Date.now()),
      tenantId,
      channel: 'email',
      type: 'simulated',
      name: 'none',
    } as const;
    await createProviderConfig(edge.db, { ...silent, config: 'sealed', enabled: true, position: 0 });
    await post('[]', { at: silent.id }).expect(404);
  });
});
