import { Metrics } from '@herald/platform';
import fc from 'fast-check';
import { realtimeMetrics } from '../metrics';
import { MemoryFeed, MemorySubscriber, pass } from '../testing/memory-feed';
import { FeedWatch } from './feed-watch';

const REF = { tenantId: 't', recipient: 'r' };

function watchOf(
  feed: MemoryFeed,
  onFailure: () => void = () => undefined,
  metrics = new Metrics(),
): FeedWatch {
  const { changes, counts } = feed;
  return new FeedWatch('key', REF, {
    changes,
    counts,
    metrics: realtimeMetrics(metrics),
    onFailure,
  });
}

/** Long enough for everything that was begun. */
const settle = () => pass(300);

it('reads nothing for a socket that has everything', async () => {
  const feed = new MemoryFeed();
  feed.add();
  const watch = watchOf(feed);
  watch.ring(1);
  watch.follow(new MemorySubscriber(1));
  await settle();
  expect(feed.reads).toBe(0);
});

it('reads once for all sockets, and they share the message', async () => {
  const feed = new MemoryFeed();
  const watch = watchOf(feed);
  const subscribers = [new MemorySubscriber(0), new MemorySubscriber(0), new MemorySubscriber(0)];
  for (const subscriber of subscribers) watch.follow(subscriber);
  feed.add();
  watch.ring(1);
  await settle();
  expect(feed.reads).toBe(1);
  const frames = subscribers.map(({ messages }) => messages[0]?.frame);
  expect(frames[0]).toBeDefined();
  expect(new Set(frames).size).toBe(1);
});

it('reads a few times for a thousand rings', async () => {
  const feed = new MemoryFeed(() => 10);
  const watch = watchOf(feed);
  const subscriber = new MemorySubscriber(0);
  watch.follow(subscriber);
  for (let n = 1; n <= 1000; n += 1) {
    feed.touch(0);
    feed.add();
    watch.ring(feed.head);
    if (n % 50 === 0) await pass(1);
  }
  await settle();
  await settle();
  expect(subscriber.seqs.at(-1)).toBe(feed.head);
  // 1,000 items are 20 pages.
  expect(feed.reads).toBeLessThan(30);
});

it('measures how long news took from its ring, not from one before anyone was there', async () => {
  const feed = new MemoryFeed();
  const metrics = new Metrics();
  const watch = watchOf(feed, undefined, metrics);
  feed.add();
  watch.ring(1);
  await settle();
  watch.follow(new MemorySubscriber(1));
  await settle();
  feed.add();
  const began = performance.now();
  watch.ring(2);
  await settle();
  const elapsed = (performance.now() - began) / 1000;
  const { body } = await metrics.render();
  const figure = (name: string) =>
    Number(new RegExp(`^herald_realtime_push_seconds_${name}{since="ring"} (\\S+)`, 'm').exec(body)?.[1]);
  expect(figure('count')).toBe(1);
  expect(figure('sum')).toBeLessThan(elapsed);
});

it('ignores rings that it has heard, that are old, or that are no numbers', async () => {
  const feed = new MemoryFeed();
  feed.add();
  feed.add();
  const watch = watchOf(feed);
  const subscriber = new MemorySubscriber(0);
  watch.follow(subscriber);
  expect(watch.ring(2)).toBe(true);
  for (const seq of [2, 1, 0, Number.NaN]) expect(watch.ring(seq)).toBe(false);
  await settle();
  expect(feed.reads).toBe(1);
});

it('does not let the others wait for a socket that is far behind', async () => {
  const feed = new MemoryFeed(() => 20);
  for (let n = 0; n < 500; n += 1) feed.add();
  const watch = watchOf(feed);
  watch.ring(500);
  const live = new MemorySubscriber(500);
  watch.follow(live);
  await pass(2);
  const behind = new MemorySubscriber(0);
  watch.follow(behind);
  await pass(2);
  feed.add();
  watch.ring(501);
  while (live.seqs.length === 0) await pass(1);
  expect(live.seqs).toEqual([501]);
  expect(behind.seqs.length).toBeLessThan(200);
  await pass(2000);
  expect(behind.seqs).toHaveLength(501);
});

it('does not read on and on when what is left has expired', async () => {
  const feed = new MemoryFeed();
  feed.add();
  feed.add();
  feed.expire(1);
  const watch = watchOf(feed);
  const subscriber = new MemorySubscriber(0);
  watch.follow(subscriber);
  watch.ring(2);
  await settle();
  expect([feed.reads, subscriber.seqs, subscriber.cursor]).toEqual([1, [1], 2]);
  expect(watch.ring(2)).toBe(false);
});

it('says when a read failed, and goes on where it was', async () => {
  const feed = new MemoryFeed();
  let failures = 0;
  const watch = watchOf(feed, () => {
    failures += 1;
  });
  const [live, behind] = [new MemorySubscriber(0), new MemorySubscriber(0)];
  watch.follow(live);
  feed.add();
  feed.failing = 2;
  watch.ring(1);
  watch.follow(behind);
  await settle();
  expect([failures, watch.failed, live.seqs]).toEqual([failures, true, []]);
  feed.failing = 0;
  watch.retry();
  await settle();
  expect([watch.failed, live.seqs, behind.seqs]).toEqual([false, [1], [1]]);
});

type Step =
  | { do: 'add' | 'touch' | 'expire' | 'leave' | 'read' | 'slow' | 'quick'; which: number }
  | { do: 'ring' | 'lose' | 'fail' | 'pass' }
  | { do: 'join'; behind: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), which: fc.nat(9) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom('ring' as const, 'pass' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('join' as const), behind: fc.nat(60) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('touch', 'leave', 'read', 'slow', 'quick'),
      which: fc.nat(9),
    }) as fc.Arbitrary<Step>,
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('lose' as const, 'fail' as const) }) },
);

interface Joined {
  subscriber: MemorySubscriber;
  from: number;
  left: boolean;
}

it('gives every socket each last change after its cursor, in order, and nothing twice', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 60 }),
      fc.array(fc.nat(4), { minLength: 1 }),
      async (steps, delays) => {
        let read = 0;
        const feed = new MemoryFeed(() => delays[read++ % delays.length] as number);
        const watch = watchOf(feed);
        const joined: Joined[] = [];
        for (const each of steps) await run(each, { feed, watch, joined });
        feed.failing = 0;
        watch.ring(feed.head);
        for (const { subscriber } of joined) {
          subscriber.slow = false;
          subscriber.canTake = true;
        }
        // What fails is told, and retried later.
        await settle();
        watch.retry();
        await settle();
        for (const { subscriber, from, left } of joined) {
          const { seqs } = subscriber;
          expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
          expect(seqs[0] ?? from + 1).toBeGreaterThan(from);
          if (left) continue;
          expect(feed.seqsAfter(from).filter((seq) => !seqs.includes(seq))).toEqual([]);
          expect(subscriber.cursor).toBeGreaterThanOrEqual(seqs.at(-1) ?? 0);
        }
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);

async function run(
  each: Step,
  { feed, watch, joined }: { feed: MemoryFeed; watch: FeedWatch; joined: Joined[] },
): Promise<void> {
  const chosen = 'which' in each ? joined.filter(({ left }) => !left)[each.which] : undefined;
  if (each.do === 'add') for (let n = 0; n <= each.which * 8; n += 1) feed.add();
  if (each.do === 'touch') feed.touch(each.which);
  if (each.do === 'ring') watch.ring(feed.head);
  if (each.do === 'fail') feed.failing += 1;
  if (each.do === 'pass') await pass(3);
  if (each.do === 'join') {
    const from = Math.max(0, feed.head - each.behind);
    const subscriber = new MemorySubscriber(from);
    joined.push({ subscriber, from, left: false });
    watch.ring(feed.head);
    watch.follow(subscriber);
  }
  if (!chosen) return;
  const { subscriber } = chosen;
  if (each.do === 'slow') subscriber.slow = true;
  if (each.do === 'quick') subscriber.slow = false;
  if (each.do === 'leave') {
    chosen.left = true;
    subscriber.canTake = false;
    watch.leave(subscriber);
  }
  if (each.do === 'read') {
    subscriber.canTake = true;
    watch.resume(subscriber);
  }
}
