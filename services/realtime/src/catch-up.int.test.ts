import { setTimeout as sleep } from 'node:timers/promises';
import { type FeedItemDto } from '@herald/contracts';
import { type FeedRef, feedChanges, feedHeads, markFeedItems } from '@herald/db';
import { until } from '@herald/testing';
import fc from 'fast-check';
import { FeedClient } from './testing/feed-client';
import { newFeed, tokenOf, useRealtime } from './testing/use-realtime';

const on = useRealtime({ instances: 2 });

interface Plan {
  /** Batches that are added at the same time: how many items, and whether their ring is lost. */
  writers: { items: number; silently: boolean }[][];
  /** After how many milliseconds the client's connection breaks each time. */
  cuts: number[];
}

const plans: fc.Arbitrary<Plan> = fc.record({
  writers: fc.array(
    fc.array(fc.record({ items: fc.integer({ min: 1, max: 30 }), silently: fc.boolean() }), {
      minLength: 1,
      maxLength: 5,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  cuts: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 6 }),
});

it('a client that reconnects with its cursor misses nothing and gets nothing twice', async () => {
  await fc.assert(
    fc.asyncProperty(plans, async ({ writers, cuts }) => {
      const feed = await newFeed(on.db);
      const token = await tokenOf(feed);
      const received: FeedItemDto[] = [];
      const writing = Promise.all(writers.map((batches, n) => write(feed, n, batches)));
      let cursor = '0';
      for (const [n, afterMs] of [...cuts, undefined].entries()) {
        const client = await FeedClient.open(on.instances[n % 2]?.url as string, token, cursor);
        if (afterMs === undefined) await untilUpToDate(feed, client, writing);
        else await sleep(afterMs);
        client.cut();
        await client.untilClosed();
        // What a client has when its connection breaks is what it says when it comes back.
        received.push(...client.items);
        cursor = client.cursor as string;
      }
      await check(feed, received);
    }),
    { numRuns: 12, endOnFailure: true },
  );
}, 120_000);

async function write(feed: FeedRef, writer: number, batches: Plan['writers'][number]): Promise<void> {
  for (const [n, { items, silently }] of batches.entries()) {
    const titles = Array.from({ length: items }, (_, index) => `${writer}-${n}-${index}`);
    const ids = await on.poster.post(feed, titles, { silently });
    if (n % 2 === 1) await markFeedItems(on.db, feed, { ids: ids.slice(0, 3) }, 'read');
  }
}

async function untilUpToDate(feed: FeedRef, client: FeedClient, writing: Promise<unknown>): Promise<void> {
  await writing;
  // This one is rung for, and brings what was not.
  await on.poster.post(feed, ['last']);
  const [head] = await feedHeads(on.db, [feed]);
  await until(() => client.cursor === head?.seq, { what: `the cursor ${head?.seq}` });
}

/** Each item as it is in the end came last, and each change at most once. */
async function check(feed: FeedRef, received: readonly FeedItemDto[]): Promise<void> {
  const stored = await feedChanges(on.db, feed, '0', 10_000);
  const latest = new Map(received.map((item) => [item.id, item]));
  expect(latest.size).toBe(stored.length);
  for (const { id, readAt } of stored) expect(latest.get(id)?.readAt).toBe(readAt?.toISOString());
  const changes = received.map(({ id, readAt }) => `${id} ${readAt ?? ''}`);
  expect(new Set(changes).size).toBe(changes.length);
}
