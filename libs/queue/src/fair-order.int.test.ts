import { newId } from '@herald/domain';
import { until, useTestRedis } from '@herald/testing';
import fc from 'fast-check';
import { createProducerConnection, type RedisClient, untilConnected } from './connection';
import { FairOrder, type Take } from './fair-order';
import { LaneGates } from './lane-gates';

const server = useTestRedis();
let redis: RedisClient;
let order: FairOrder;
beforeAll(async () => {
  redis = createProducerConnection(server);
  await untilConnected(redis, 5000);
  order = new FairOrder(redis, server.prefix);
});
beforeEach(() => new LaneGates(redis, server.prefix).set([]));
afterEach(async () => {
  const keys = await redis.keys(`${server.prefix}*`);
  if (keys.length > 0) await redis.del(keys);
});
afterAll(() => redis.disconnect());

const LANE = ['sms', 'default'] as const;
const someIds = (count: number) => Array.from({ length: count }, () => newId(Date.now()));
const [A, B, C] = someIds(3) as [string, string, string];

async function push(tenantId: string, count: number, delayMs?: number): Promise<string[]> {
  const ids = someIds(count);
  await order.push(
    ...LANE,
    ids.map((id) => ({ id, tenantId, delayMs })),
  );
  return ids;
}
/** One POST after the other: payloads of one id. */
async function pushSingly(tenantId: string, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) await push(tenantId, 1);
}
const take = (budget = 50, skip: string[] = []) => order.take(...LANE, budget, skip);
const tenantsOf = ({ payloads }: Take) => payloads.map(({ tenantId }) => tenantId);
const idsOf = ({ payloads }: Take) => payloads.flatMap(({ ids }) => ids);
const sizesOf = ({ payloads }: Take) => payloads.map(({ ids }) => ids.length);
const count = () => order.count(...LANE);

describe('the fair order', () => {
  it('is first in, first out for a tenant that is alone', async () => {
    const ids = [...(await push(A, 120)), ...(await push(A, 3))];
    const takes = [await take(), await take(), await take()];
    expect(takes.flatMap(idsOf)).toEqual(ids);
    expect(takes.map(sizesOf)).toEqual([[50], [50], [20, 3]]);
    expect(takes.map(({ left }) => left)).toEqual(['some', 'some', 'none']);
    expect(await take()).toEqual({ payloads: [], left: 'none' });
  });

  it('alternates between two tenants, however long their backlogs are', async () => {
    await push(A, 10_000);
    await push(B, 100);
    const served: (string | undefined)[] = [];
    for (let n = 0; n < 6; n += 1) served.push(tenantsOf(await take())[0]);
    const [first, second] = [A, B].sort();
    expect(served).toEqual([first, second, first, second, A, A]);
  });

  it('counts deliveries and not payloads', async () => {
    await push(A, 500);
    await pushSingly(B, 200);
    let [ofA, ofB] = [0, 0];
    while (ofB < 150) {
      for (const { tenantId, ids } of (await take()).payloads) {
        if (tenantId === A) ofA += ids.length;
        else ofB += ids.length;
      }
    }
    expect(Math.abs(ofA - ofB)).toBeLessThanOrEqual(100);
  });

  it('serves a newcomer with the next payload, and a few of many newcomers in one take', async () => {
    await push(A, 5000);
    for (let n = 0; n < 10; n += 1) await take();
    await push(B, 1);
    expect(tenantsOf(await take(1))).toEqual([B]);
    const crowd = someIds(200);
    await order.push(
      ...LANE,
      crowd.map((tenantId) => ({ tenantId, id: newId(Date.now()) })),
    );
    let takes = 0;
    const seen = new Set<string>();
    while (seen.size < 200) {
      for (const tenant of tenantsOf(await take())) if (tenant !== A) seen.add(tenant);
      takes += 1;
    }
    expect(takes).toBeLessThanOrEqual(7);
  });

  it('gives no fresh start to a tenant that ran empty a moment ago', async () => {
    await push(A, 5000);
    let ofA = 0;
    for (let n = 0; n < 40; n += 1) {
      await push(B, 50);
      for (let served = await take(); ; served = await take()) {
        if (tenantsOf(served).includes(B)) break;
        ofA += idsOf(served).length;
      }
    }
    expect(Math.abs(ofA - 40 * 50)).toBeLessThanOrEqual(50);
  });

  it('does not let a tenant save up turns while it is passed over', async () => {
    await push(A, 5000);
    await push(B, 5000);
    for (let n = 0; n < 50; n += 1) expect(tenantsOf(await take(50, [A]))).toEqual([B]);
    const served: (string | undefined)[] = [];
    for (let n = 0; n < 10; n += 1) served.push(tenantsOf(await take())[0]);
    expect(served.filter((tenant) => tenant === B).length).toBeGreaterThanOrEqual(4);
  });

  it('says when only tenants that are passed over have work', async () => {
    await push(A, 10);
    await push(B, 10);
    expect(await take(50, [A, B])).toEqual({ payloads: [], left: 'skipped' });
    const passed = await take(50, [A, C]);
    expect([tenantsOf(passed), passed.left]).toEqual([[B], 'skipped']);
    expect((await take()).left).toBe('none');
  });

  it('gives nothing out of a lane whose gate is closed, nor of any when Redis has lost the gates', async () => {
    const gates = new LaneGates(redis, server.prefix);
    const open = async () => (await gates.read()).stamp;
    const ids = await push(A, 10);
    await gates.set([{ channel: 'sms', lane: 'default' }], await open());
    expect(await take()).toEqual({ payloads: [], left: 'paused' });
    expect(await order.take('sms', 'bulk', 50, [])).toEqual({ payloads: [], left: 'none' });
    await redis.del(`${server.prefix}:pauses`);
    expect(await take()).toEqual({ payloads: [], left: 'unknown' });
    expect(await order.take('sms', 'bulk', 50, [])).toEqual({ payloads: [], left: 'unknown' });
    await gates.set([]);
    expect(idsOf(await take())).toEqual(ids);
  });

  it('keeps lanes apart', async () => {
    const ids = await push(A, 1);
    expect((await order.take('sms', 'bulk', 50, [])).payloads).toEqual([]);
    expect((await order.take('email', 'default', 50, [])).payloads).toEqual([]);
    expect(idsOf(await take())).toEqual(ids);
  });

  it('takes back to the front what could not be begun, without a charge', async () => {
    const ids = await push(A, 120);
    await push(B, 120);
    const taken = await take(100);
    expect(sizesOf(taken)).toEqual([50, 50]);
    await order.giveBack(...LANE, taken.payloads);
    expect(await count()).toBe(240);
    expect(tenantsOf(await take(100)).sort()).toEqual([A, B].sort());
    await order.giveBack(...LANE, taken.payloads);
    const rest: string[] = [];
    for (let one = await take(); one.payloads.length > 0; one = await take())
      for (const payload of one.payloads) if (payload.tenantId === A) rest.push(...payload.ids);
    expect(rest).toEqual(ids);
    await order.giveBack(...LANE, [{ tenantId: A, ids: ids.slice(0, 2) }]);
    expect(idsOf(await take())).toEqual(ids.slice(0, 2));
  });

  it('keeps what is to come later until then, and lets it wait its turn', async () => {
    await push(A, 200);
    const [retry] = await push(A, 1, 400);
    const [other] = await push(B, 1, 400);
    expect(await count()).toBe(200);
    await until(async () => (await count()) === 202);
    const served: string[] = [];
    for (let n = 0; n < 5; n += 1) served.push(...idsOf(await take()));
    expect(served.indexOf(other as string)).toBeLessThan(100);
    expect(served.indexOf(retry as string)).toBe(201);
  });

  it('shows the heads of lists, also of one that nothing leads to', async () => {
    const ids = await push(A, 7);
    await redis.del(`${server.prefix}:sms-default:fair:active`);
    expect(await take()).toMatchObject({ payloads: [] });
    expect(await order.heads(...LANE, [C, A])).toEqual([{ tenantId: A, ids: ids.slice(0, 5) }]);
    expect(idsOf(await take())).toEqual(ids);
    expect(await order.heads(...LANE, [A])).toEqual([]);
  });

  it('leaves nothing behind but its clock, and goes on after Redis was emptied', async () => {
    await push(A, 70);
    await push(B, 70);
    for (let n = 0; n < 4; n += 1) await take();
    const base = `${server.prefix}:sms-default:fair`;
    expect((await redis.keys(`${server.prefix}*`)).sort()).toEqual([`${server.prefix}:pauses`, base].sort());
    expect(await redis.hgetall(base)).toEqual({ clock: expect.any(String), ids: '0' });
    await redis.del(base);
    const ids = await push(B, 3);
    expect(idsOf(await take())).toEqual(ids);
  });

  it('keeps every id once and its count right, whatever comes', async () => {
    const tenants = [A, B, C];
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('push' as const),
        tenant: fc.nat(2),
        count: fc.integer({ min: 1, max: 120 }),
      }),
      fc.record({
        kind: fc.constant('take' as const),
        budget: fc.integer({ min: 1, max: 80 }),
        skip: fc.nat(3),
      }),
      fc.record({ kind: fc.constant('back' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        await redis.del('none', ...(await redis.keys(`${server.prefix}:*:fair*`)));
        const waiting = new Set<string>();
        let last: Take = { payloads: [], left: 'none' };
        for (const one of steps) {
          if (one.kind === 'push') {
            for (const id of await push(tenants[one.tenant] as string, one.count)) waiting.add(id);
          } else if (one.kind === 'take') {
            const skip = tenants.slice(0, one.skip);
            last = await take(one.budget, skip);
            expect(tenantsOf(last).some((tenant) => skip.includes(tenant))).toBe(false);
            for (const id of idsOf(last)) expect(waiting.delete(id)).toBe(true);
            expect(last.left === 'none').toBe(waiting.size === 0);
          } else if (last.payloads.length > 0) {
            await order.giveBack(...LANE, last.payloads);
            for (const id of idsOf(last)) waiting.add(id);
            last = { payloads: [], left: 'none' };
          }
          expect(await count()).toBe(waiting.size);
        }
        expect(new Set(idsOf(await take(100_000)))).toEqual(waiting);
      }),
      { numRuns: 30 },
    );
  });
});
