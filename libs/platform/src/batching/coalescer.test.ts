import fc from 'fast-check';
import { Coalescer, type CoalescerOptions } from './coalescer';

interface Item {
  id: number;
  key?: string;
  weight: number;
}

/** A coalescer whose batches end only when the test says so. */
function held(options: Partial<CoalescerOptions<Item>> = {}) {
  const running: { items: readonly Item[]; finish(): void; fail(error: Error): void }[] = [];
  const batches: (readonly Item[])[] = [];
  const coalescer = new Coalescer<Item, number>(
    (items) => {
      batches.push(items);
      return new Promise((resolve, reject) => {
        const gone = () => running.splice(running.indexOf(batch), 1);
        const batch = {
          items,
          finish: () => {
            gone();
            resolve(items.map((item) => item.id * 10));
          },
          fail: (error: Error) => {
            gone();
            reject(error);
          },
        };
        running.push(batch);
      });
    },
    { maxBatch: 3, maxInFlight: 1, ...options },
  );
  return { coalescer, running, batches };
}

const item = (id: number, key?: string): Item => ({ id, key, weight: 1 });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const idsOf = (batches: (readonly Item[])[]) => batches.map((batch) => batch.map(({ id }) => id));

describe('Coalescer', () => {
  it('takes what comes in one turn together, and what comes meanwhile next', async () => {
    const { coalescer, running, batches } = held();
    const results = [coalescer.submit(item(1)), coalescer.submit(item(2))];
    expect(batches).toEqual([]);
    await turn();
    expect(idsOf(batches)).toEqual([[1, 2]]);

    for (const id of [3, 4, 5, 6]) results.push(coalescer.submit(item(id)));
    await turn();
    expect([idsOf(batches), coalescer.waiting]).toEqual([[[1, 2]], 4]);
    running[0]?.finish();
    expect(await Promise.all(results.slice(0, 2))).toEqual([10, 20]);
    await turn();
    running[0]?.finish();
    await turn();
    await turn();
    expect(idsOf(batches)).toEqual([[1, 2], [3, 4, 5], [6]]);
    running[0]?.finish();
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('runs as many batches at once as it may', async () => {
    const { coalescer, running, batches } = held({ maxBatch: 1, maxInFlight: 2 });
    const results = [1, 2, 3].map((id) => coalescer.submit(item(id)));
    await turn();
    expect([running.length, coalescer.waiting]).toEqual([2, 1]);
    running[1]?.finish();
    expect(await results[1]).toBe(20);
    await turn();
    expect(idsOf(batches)).toEqual([[1], [2], [3]]);
    for (const batch of [...running]) batch.finish();
    expect(await Promise.all(results)).toEqual([10, 20, 30]);
  });

  it('keeps items of one key apart, in their order', async () => {
    const { coalescer, running, batches } = held({ maxBatch: 10, keyOf: (i) => i.key });
    const results = [item(1, 'a'), item(2, 'b'), item(3, 'a'), item(4), item(5, 'a'), item(6)].map((i) =>
      coalescer.submit(i),
    );
    for (let round = 0; round < 3; round += 1) {
      await turn();
      await turn();
      running[0]?.finish();
    }
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40, 50, 60]);
    expect(idsOf(batches)).toEqual([[1, 2, 4, 6], [3], [5]]);
  });

  it('keeps items of one key apart also where several batches run at once', async () => {
    const { coalescer, running, batches } = held({ maxBatch: 10, maxInFlight: 2, keyOf: (i) => i.key });
    const results = [item(1, 'a'), item(2, 'a'), item(3, 'a')].map((i) => coalescer.submit(i));
    await turn();
    results.push(coalescer.submit(item(4)));
    await turn();
    expect(idsOf(batches)).toEqual([[1], [4]]);
    for (let round = 0; round < 4; round += 1) {
      running[0]?.finish();
      await turn();
      await turn();
    }
    expect(await Promise.all(results)).toEqual([10, 20, 30, 40]);
    expect(idsOf(batches)).toEqual([[1], [4], [2], [3]]);
    await coalescer.drained();
  });

  it('counts an item by its weight, and takes one that is too heavy alone', async () => {
    const { coalescer, running, batches } = held({ weightOf: (i) => i.weight });
    const results = [2, 2, 9, 1, 1, 1].map((weight, id) => coalescer.submit({ id, weight }));
    for (let round = 0; round < 4; round += 1) {
      await turn();
      await turn();
      running[0]?.finish();
    }
    await Promise.all(results);
    expect(idsOf(batches)).toEqual([[0], [1], [2], [3, 4, 5]]);
  });

  it('fails those of a failed batch, and no others', async () => {
    const { coalescer, running } = held({ maxBatch: 2 });
    const results = Promise.allSettled([1, 2, 3].map((id) => coalescer.submit(item(id))));
    await turn();
    running[0]?.fail(new Error('broken'));
    await turn();
    await turn();
    running[0]?.finish();
    expect(await results).toMatchObject([
      { status: 'rejected', reason: { message: 'broken' } },
      { status: 'rejected', reason: { message: 'broken' } },
      { status: 'fulfilled', value: 30 },
    ]);
  });

  it('goes on after an operation that throws at once', async () => {
    let calls = 0;
    const coalescer = new Coalescer<number, number>(
      (items) => {
        calls += 1;
        if (calls === 1) throw new Error('broken');
        return Promise.resolve(items);
      },
      { maxBatch: 10, maxInFlight: 1 },
    );
    await expect(coalescer.submit(1)).rejects.toThrow('broken');
    expect(await coalescer.submit(2)).toBe(2);
  });

  it('rejects what waits and lets what runs go on', async () => {
    const { coalescer, running } = held({ maxBatch: 1 });
    const results = Promise.allSettled([1, 2, 3].map((id) => coalescer.submit(item(id))));
    await turn();
    coalescer.rejectWaiting(new Error('away'));
    expect(coalescer.waiting).toBe(0);
    running[0]?.finish();
    expect((await results).map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await coalescer.drained();
  });

  it('is drained once nothing waits and nothing runs', async () => {
    const { coalescer, running } = held({ maxBatch: 1 });
    await coalescer.drained();
    const results = Promise.all([1, 2].map((id) => coalescer.submit(item(id))));
    let drained = false;
    const waiting = coalescer.drained().then(() => {
      drained = true;
    });
    for (let round = 0; round < 2; round += 1) {
      await turn();
      await turn();
      expect(drained).toBe(false);
      running[0]?.finish();
    }
    await results;
    await waiting;
  });

  it('is drained too when what waited was rejected', async () => {
    const { coalescer } = held();
    const result = coalescer.submit(item(1));
    const waiting = coalescer.drained();
    coalescer.rejectWaiting(new Error('away'));
    await expect(result).rejects.toThrow('away');
    await waiting;
  });

  it('keeps every promise for any load', async () => {
    const load = fc.array(
      fc.record({
        key: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
        weight: fc.integer({ min: 1, max: 6 }),
        fails: fc.boolean(),
        turnsBefore: fc.nat({ max: 2 }),
        turnsOfWork: fc.nat({ max: 4 }),
      }),
      { maxLength: 60 },
    );
    const limits = fc.record({
      maxBatch: fc.integer({ min: 1, max: 10 }),
      maxInFlight: fc.integer({ min: 1, max: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(load, limits, async (items, { maxBatch, maxInFlight }) => {
        type Entry = (typeof items)[number] & { id: number };
        const begun: number[] = [];
        const failed = new Set<number>();
        let inFlight = 0;
        const coalescer = new Coalescer<Entry, number>(
          async (batch) => {
            inFlight += 1;
            const weight = batch.reduce((sum, i) => sum + i.weight, 0);
            const keys = batch.flatMap((i) => (i.key === undefined ? [] : [i.key]));
            expect(inFlight).toBeLessThanOrEqual(maxInFlight);
            expect(batch.length === 1 || weight <= maxBatch).toBe(true);
            expect(new Set(keys).size).toBe(keys.length);
            begun.push(...batch.map((i) => i.id));
            for (let n = 0; n < (batch[0] as Entry).turnsOfWork; n += 1) await turn();
            inFlight -= 1;
            if (batch.some((i) => i.fails)) {
              for (const i of batch) failed.add(i.id);
              throw new Error('failed');
            }
            return batch.map((i) => i.id);
          },
          { maxBatch, maxInFlight, keyOf: (i) => i.key, weightOf: (i) => i.weight },
        );
        const results: Promise<number | 'failed'>[] = [];
        for (const [id, entry] of items.entries()) {
          for (let n = 0; n < entry.turnsBefore; n += 1) await turn();
          results.push(
            coalescer.submit({ ...entry, id }).catch((error: Error) => {
              if (error.message !== 'failed') throw error;
              return 'failed' as const;
            }),
          );
        }
        await coalescer.drained();
        expect(coalescer.waiting).toBe(0);
        const got = await Promise.all(results);
        expect(got).toEqual(items.map((_, id) => (failed.has(id) ? 'failed' : id)));
        expect([...begun].sort((a, b) => a - b)).toEqual(items.map((_, id) => id));
        for (const key of ['a', 'b', 'c']) {
          const ofKey = begun.filter((id) => items[id]?.key === key);
          expect(ofKey).toEqual([...ofKey].sort((a, b) => a - b));
        }
      }),
    );
  });
});
