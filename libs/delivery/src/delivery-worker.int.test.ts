import { Database, findLostClaims } from '@herald/db';
import { newId, type SendOutcome } from '@herald/domain';
import { Metrics } from '@herald/platform';
import { until } from '@herald/testing';
import { Queue } from 'bullmq';
import { acceptSms } from './testing/test-worker';
import { useTestDelivery } from './testing/use-test-delivery';

const house = useTestDelivery();
const { start, stop, send, sendOne, ring, view, stateOf, counts, becomes, allSent } = house;
const phones = (count: number) =>
  Array.from({ length: count }, (_, n) => ({ phone: `+49151123450${n + 10}` }));

/** A call that ends when the test says so. */
function hanging() {
  let release: (outcome: SendOutcome) => void = () => undefined;
  const outcome = new Promise<SendOutcome>((resolve) => {
    release = resolve;
  });
  return { act: () => outcome, release: () => release({ outcome: 'accepted' }) };
}

const PHONE = '+4915112345678';
const LATER: SendOutcome = {
  outcome: 'retry',
  reason: 'provider_unavailable',
  code: 'http_503',
  detail: 'Busy',
};
const UNKNOWN: SendOutcome = { outcome: 'ambiguous', reason: 'timed_out', code: 'timeout' };

describe('an attempt', () => {
  it('that the provider accepts makes the delivery sent', async () => {
    await start();
    const id = await sendOne({ content: { sms: { body: 'Your code is 123456' } } });
    await becomes(id, 'sent');
    expect(house.live.calls).toEqual([
      {
        to: PHONE,
        body: 'Your code is 123456',
        deliveryId: id,
        attempt: 1,
        receiptUrl: expect.stringMatching(new RegExp(`^https://edge.example.com/[0-9a-f-]+/${id}$`)),
      },
    ]);
    expect(await view(id)).toMatchObject({
      state: 'sent',
      sentAt: expect.any(String),
      providerMessageId: `id-${id}`,
      attempts: [{ number: 1, provider: 'scripted', outcome: 'accepted', durationMs: expect.any(Number) }],
    });
  });

  it('that fails for a while is repeated until one succeeds', async () => {
    const metrics = new Metrics();
    await start({ metrics });
    house.live.script(PHONE, LATER, UNKNOWN, { outcome: 'accepted' });
    const id = await sendOne();
    await becomes(id, 'sent');
    expect(house.live.calls.map((call) => [call.deliveryId, call.attempt])).toEqual([
      [id, 1],
      [id, 2],
      [id, 3],
    ]);
    expect((await view(id))?.attempts).toMatchObject([
      { number: 1, outcome: 'retry', reason: 'provider_unavailable', code: 'http_503', detail: 'Busy' },
      { number: 2, outcome: 'ambiguous', reason: 'timed_out', code: 'timeout' },
      { number: 3, outcome: 'accepted' },
    ]);
    const { body } = await metrics.render();
    expect(body).toContain('herald_attempts_total{channel="sms",provider="scripted",outcome="retry"} 1');
    expect(body).toContain('herald_retries_total{channel="sms",reason="provider_unavailable"} 1');
    expect(body).toContain('herald_deliveries_in_flight{channel="sms",lane="default"} 0');
  });

  it('that always fails ends as a dead letter, in Postgres and in the dead-letter queue', async () => {
    await start();
    house.live.script(PHONE, LATER);
    const id = await sendOne();
    await becomes(id, 'dead');
    expect(house.live.calls).toHaveLength(3);
    expect(await view(id)).toMatchObject({
      state: 'dead',
      reason: 'retries_exhausted',
      attempts: [{}, {}, {}],
    });
    expect(
      await house.db.rows('SELECT reason, code, attempts FROM dead_letters WHERE delivery_id = $1', [id]),
    ).toEqual([{ reason: 'retries_exhausted', code: 'http_503', attempts: 3 }]);
    const job = `${house.redis.prefix}:sms-dead:dead-${id}`;
    await until(async () => (await house.client.hget(job, 'data'))?.includes('retries_exhausted'));
  });

  it('at a bad address fails for good; the next to that address is skipped', async () => {
    await start();
    house.live.script(PHONE, {
      outcome: 'permanent-address',
      reason: 'invalid_address',
      code: 'twilio_21211',
      suppress: 'bounce',
    });
    const id = await sendOne();
    await becomes(id, 'failed');
    expect(await view(id)).toMatchObject({ state: 'failed', reason: 'invalid_address' });
    const [next, other] = await send({ to: [{ phone: PHONE }, { phone: '+4915112345679' }] });
    await becomes(next as string, 'skipped');
    await becomes(other as string, 'sent');
    expect(await view(next as string)).toMatchObject({ reason: 'suppressed_bounce', attempts: [] });
    expect(house.live.callsTo(PHONE)).toHaveLength(1);
    expect(
      await house.db.rows('SELECT hint FROM suppressions WHERE tenant_id = $1', [house.tenantId]),
    ).toEqual([{ hint: '+49•••678' }]);
  });

  it('is not made for what has expired', async () => {
    await start();
    const [id] = (await acceptSms(house.db, {
      tenantId: house.tenantId,
      expiresAt: new Date(Date.now() + 60_000).toISOString(),
    })) as [string];
    await house.db.rows("UPDATE deliveries SET expires_at = now() - interval '1 second' WHERE id = $1", [id]);
    await house.queues.ring([{ id, tenantId: house.tenantId, channel: 'sms', lane: 'default' }]);
    await becomes(id, 'expired');
    expect(await view(id)).toMatchObject({ reason: 'expired', attempts: [] });
    expect(house.live.calls).toEqual([]);
  });

  it('of unknown outcome is not repeated under at_most_once', async () => {
    await start();
    house.live.script(PHONE, UNKNOWN);
    const id = await sendOne({ delivery: 'at_most_once' });
    await becomes(id, 'dead');
    expect(await view(id)).toMatchObject({ reason: 'outcome_unknown', attempts: [{ outcome: 'ambiguous' }] });
    expect(house.live.calls).toHaveLength(1);
  });

  it('needs a message and a provider; without them it is a dead letter that says why', async () => {
    await start({ settings: [] });
    const [unrenderable, homeless] = [
      await sendOne({ content: { sms: { body: 'unrenderable' } } }),
      await sendOne(),
    ];
    await becomes(unrenderable, 'dead');
    await becomes(homeless, 'dead');
    expect(await view(unrenderable)).toMatchObject({
      reason: 'unprocessable',
      attempts: [{ provider: 'herald', detail: 'no such template' }],
    });
    expect(await view(homeless)).toMatchObject({ reason: 'no_provider', attempts: [{ provider: 'herald' }] });
  });

  it('for a test key goes to the house.simulated provider and to no other', async () => {
    await start();
    const id = await sendOne({ live: false });
    await becomes(id, 'sent');
    expect([house.live.calls.length, house.simulated.calls.length]).toEqual([0, 1]);
  });

  it('that throws leaves the delivery to whoever finds the lost claim', async () => {
    await start({ worker: { leaseMs: 400 } });
    house.live.script(PHONE, async () => {
      throw new Error('a bug');
    });
    const id = await sendOne();
    const bounds = [{ tenantId: house.tenantId, before: new Date(Date.now() + 60_000) }];
    const lane = { channel: 'sms', lane: 'default', bounds, limit: 10 } as const;
    const [lost] = await until(async () => {
      const found = await findLostClaims(house.db, lane);
      return found.length > 0 && found;
    });
    expect(lost).toMatchObject({ id, claim: 1, attempt: 1 });
    expect([await stateOf(id), house.live.calls.length]).toEqual(['sending', 1]);
    await house.db.rows("UPDATE deliveries SET state = 'canceled', due_at = NULL WHERE id = $1", [id]);
  });
});

describe('a job of many', () => {
  it('is not held up by one that hangs', async () => {
    await start();
    const to = phones(50);
    const slow = hanging();
    house.live.script(to[7]?.phone as string, slow.act);
    const ids = await send({ to });
    await until(async () => (await counts(ids)).sent === 49, { what: '49 sent' });
    expect(await stateOf(ids[7] as string)).toBe('sending');
    slow.release();
    await allSent(ids);
    expect(house.live.calls).toHaveLength(50);
  });

  it('in one lane does not hold up another', async () => {
    await start();
    const to = phones(30);
    const slow = hanging();
    for (const { phone } of to) house.live.script(phone, slow.act);
    const bulk = await send({ to, priority: 'bulk' });
    await until(() => house.live.calls.length === 4, { what: 'a full bulk lane' });
    const urgent = await sendOne({ priority: 'critical' });
    await becomes(urgent, 'sent');
    expect((await counts(bulk)).sent).toBeUndefined();
    slow.release();
    await allSent(bulk);
  });

  it('is sent although its claim came too late to begin it: no provider was called', async () => {
    await start({ worker: { leaseMs: 400 } });
    const [id] = (await acceptSms(house.db, {
      tenantId: house.tenantId,
      delivery: 'at_most_once',
    })) as [string];
    const lock = house.db.dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE', [id]);
    await ring([id]);
    const began = performance.now();
    await until(() => performance.now() - began > 500);
    await lock.commitTransaction();
    await lock.release();
    await allSent([id]);
    expect(house.live.calls.length).toBe(1);
  });

  it('makes room for others as soon as it turns out that little is left of it', async () => {
    await start({ worker: { default: 6 } });
    const to = phones(33);
    const slow = hanging();
    for (const { phone } of to) house.live.script(phone, slow.act);
    const stale = await acceptSms(house.db, { tenantId: house.tenantId, to: to.slice(0, 31) });
    await house.db.rows("UPDATE deliveries SET state = 'canceled', due_at = NULL WHERE id = ANY($1)", [
      stale.slice(1),
    ]);
    const lock = house.db.dataSource.createQueryRunner();
    await lock.startTransaction();
    await lock.query('SELECT 1 FROM deliveries WHERE id = $1 FOR UPDATE', [stale[0]]);
    // Its claim waits for the lock, and what came later for room.
    await ring(stale);
    await until(async () => (await house.queues.figures('sms', 'default')).deliveries === 0);
    const small = [...(await send({ to: to.slice(31, 32) })), ...(await send({ to: to.slice(32) }))];
    await until(async () => (await house.queues.figures('sms', 'default')).active === 3);
    expect((await house.queues.figures('sms', 'default')).deliveries).toBe(2);
    await lock.commitTransaction();
    await lock.release();
    await until(() => house.live.calls.length === 3, { what: 'three calls at once' });
    slow.release();
    await allSent([stale[0] as string, ...small]);
  });

  it('is sent once each when its jobs come several times to several workers', async () => {
    await Promise.all([start(), start()]);
    const to = phones(80);
    const ids = await acceptSms(house.db, { tenantId: house.tenantId, to });
    await Promise.all([
      ring(ids),
      ring([...ids].reverse()),
      ring(ids.slice(20)),
      ...ids.slice(0, 20).map((id) => ring([id])),
    ]);
    await allSent(ids);
    await until(async () => {
      const { waiting, active } = await house.queues.figures('sms', 'default');
      return waiting + active === 0;
    });
    expect(house.live.calls.map((call) => call.deliveryId).sort()).toEqual([...ids].sort());
    expect(await house.db.rows('SELECT 1 FROM attempts WHERE delivery_id = ANY($1)', [ids])).toHaveLength(80);
  });
});

describe('several tenants in a lane', () => {
  /** Another tenant, whose deliveries go to the same scripted provider. */
  async function newTenant(): Promise<string> {
    const id = newId(Date.now());
    await house.db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Other')", [id]);
    return id;
  }

  it('do not wait for one whose provider hangs, however much it has waiting', async () => {
    await start({ worker: { default: 6 } });
    const to = phones(400);
    const slow = hanging();
    for (const { phone } of to) house.live.script(phone, slow.act);
    const flood = await send({ to });
    await until(() => house.live.calls.length === 4, { what: 'all that one tenant may have' });
    const other = await newTenant();
    const phone = '+4915199999999';
    for (let n = 0; n < 3; n += 1) {
      const [id] = await send({ tenantId: other, to: [{ phone }] });
      await becomes(id as string, 'sent');
    }
    expect([house.live.callsTo(phone).length, house.live.calls.length]).toEqual([3, 7]);
    expect((await counts(flood)).sending).toBeLessThanOrEqual(50);
    slow.release();
    await allSent(flood);
  });

  it('share it equally, whatever each has waiting', async () => {
    const other = await newTenant();
    const [mine, theirs] = [phones(600), phones(60)];
    const flood = await acceptSms(house.db, { tenantId: house.tenantId, to: mine });
    const few = await acceptSms(house.db, { tenantId: other, to: theirs });
    await ring(flood);
    await house.queues.ring(
      few.map((id) => ({ id, tenantId: other, channel: 'sms', lane: 'default' }) as const),
    );
    const order: string[] = [];
    const noted = new Set(few);
    for (const { phone } of mine) {
      house.live.script(phone, async ({ deliveryId }) => {
        order.push(noted.has(deliveryId) ? 'few' : 'flood');
        return { outcome: 'accepted' };
      });
    }
    await start({ worker: { default: 8 } });
    await allSent([...flood, ...few]);
    expect(order.lastIndexOf('few')).toBeLessThan(250);
  });

  it('whose retries come back wait their turn with everybody', async () => {
    const other = await newTenant();
    const slow = hanging();
    const to = phones(5);
    house.live.script(to[0]?.phone as string, LATER, { outcome: 'accepted' });
    await start({ worker: { default: 2 } });
    const [retried] = await send({ to: to.slice(0, 1) });
    await becomes(retried as string, 'sent');
    house.live.script(to[1]?.phone as string, slow.act);
    const held = await send({ tenantId: other, to: to.slice(1, 2) });
    await until(() => house.live.callsTo(to[1]?.phone as string).length === 1);
    const last = await send({ to: to.slice(2) });
    await allSent(last);
    slow.release();
    await allSent(held);
  });
});

describe('ids in Redis', () => {
  it('that a job of an older release holds are worked on', async () => {
    const ids = await acceptSms(house.db, { tenantId: house.tenantId, to: phones(3) });
    const old = new Queue('sms-default', { connection: house.client, prefix: house.redis.prefix });
    await old.add('deliver', { v: 1, ids }, { removeOnComplete: true });
    await start();
    await allSent(ids);
    await old.close();
  });

  it('are given back when Postgres does not answer, and worked on when it does', async () => {
    const blocked = await Database.connect({
      url: house.database.url,
      poolSize: 1,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 3000,
      applicationName: 'test',
    });
    const lock = blocked.dataSource.createQueryRunner();
    await start({ statementTimeoutMs: 200 });
    const ids = await acceptSms(house.db, { tenantId: house.tenantId, to: phones(3) });
    await lock.startTransaction();
    await lock.query('SELECT 1 FROM deliveries WHERE id = ANY($1) FOR UPDATE', [ids]);
    await ring(ids);
    await until(async () => {
      const { deliveries, active } = await house.queues.figures('sms', 'default');
      return deliveries === 3 && active === 1;
    });
    await until(async () => (await house.queues.figures('sms', 'default')).deliveries === 0);
    await until(async () => (await house.queues.figures('sms', 'default')).deliveries === 3);
    await lock.rollbackTransaction();
    await lock.release();
    await blocked.close();
    await allSent(ids);
    await until(async () => (await house.queues.figures('sms', 'default')).active === 0);
  });
});

describe('a worker that stops', () => {
  it('finishes what it began, gives back the rest, and loses nothing', async () => {
    const worker = await start({ worker: { default: 4 } });
    const to = phones(20);
    const slow = hanging();
    for (const { phone } of to.slice(0, 3)) house.live.script(phone, slow.act);
    const ids = await send({ to });
    await until(() => house.live.calls.length === 3);
    const stopping = stop(worker, 10_000);
    slow.release();
    await stopping;
    expect(await counts(ids)).toEqual({ sent: 3, queued: 17 });
    expect(
      await house.db.rows('SELECT DISTINCT attempts FROM deliveries WHERE id = ANY($1)', [ids.slice(3)]),
    ).toEqual([{ attempts: 0 }]);
    await start();
    await allSent(ids);
    expect(house.live.calls.map((call) => [call.deliveryId, call.attempt]).sort()).toEqual(
      ids.map((id) => [id, 1]).sort(),
    );
  });

  it('cuts off what takes too long, before its deadline', async () => {
    const worker = await start();
    house.live.script(
      PHONE,
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(UNKNOWN))),
    );
    const id = await sendOne();
    await until(() => house.live.calls.length === 1);
    const startedAt = performance.now();
    await stop(worker, 3500);
    expect(performance.now() - startedAt).toBeLessThan(3500);
    expect(await view(id)).toMatchObject({ state: 'queued', attempts: [{ outcome: 'ambiguous' }] });
  });
});
