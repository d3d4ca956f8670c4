import { createLogger, Metrics } from '@herald/platform';
import { until } from '@herald/testing';
import { realtimeMetrics } from '../metrics';
import { ConfirmBehind } from './confirm-behind';

const FEED = { tenantId: 't', recipient: 'r' };

function confirming(confirm: (ids: readonly string[]) => Promise<void>) {
  const all = new Metrics();
  const behind = new ConfirmBehind({
    store: { confirm: (_feed, ids) => confirm(ids) },
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics: realtimeMetrics(all),
    retryMs: 5,
  });
  const lost = async () =>
    Number(/herald_realtime_unconfirmed_items_total (\d+)/.exec((await all.render()).body)?.[1]);
  return { behind, lost };
}

const ids = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `item-${from + n}`);

it('confirms each item once, in bounded calls', async () => {
  const calls: string[][] = [];
  const { behind } = confirming(async (given) => void calls.push([...given]));
  behind.add('a', FEED, ids(250));
  behind.add('a', FEED, ids(260));
  behind.add('b', FEED, ids(1, 1000));
  await behind.drained(1000);
  expect(calls.flat().length).toBeLessThanOrEqual(250 + 260 + 1);
  expect(new Set(calls.flat())).toEqual(new Set([...ids(260), 'item-1000']));
  expect(Math.max(...calls.map(({ length }) => length))).toBeLessThanOrEqual(200);
});

it('tries again while the database is away', async () => {
  let failures = 3;
  const confirmed: string[] = [];
  const { behind, lost } = confirming(async (given) => {
    if (failures-- > 0) throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
    confirmed.push(...given);
  });
  behind.add('a', FEED, ['x']);
  await until(() => confirmed.length > 0);
  expect([confirmed, await lost()]).toEqual([['x'], 0]);
});

it('does not try again what failed for another reason, and goes on', async () => {
  const confirmed: string[] = [];
  const { behind, lost } = confirming(async (given) => {
    if (given.includes('bad')) throw new TypeError('bad');
    confirmed.push(...given);
  });
  behind.add('a', FEED, ['bad']);
  behind.add('b', FEED, ['good']);
  await behind.drained(1000);
  expect([confirmed, await lost()]).toEqual([['good'], 1]);
});

it('gives up waiting at the end, and counts what is left', async () => {
  const { behind, lost } = confirming(async () => {
    throw Object.assign(new Error('away'), { code: 'ECONNREFUSED' });
  });
  behind.add('a', FEED, ids(3));
  await behind.drained(20);
  expect(await lost()).toBe(3);
});
