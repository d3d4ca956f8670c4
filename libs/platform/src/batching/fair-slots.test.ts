import fc from 'fast-check';
import { FairSlots } from './fair-slots';

/** Slots whose calls end only when the test says so. */
function held(size: number) {
  const running: { tenant: string; end(): Promise<void> }[] = [];
  const begun: string[] = [];
  let finishes = 0;
  const slots = new FairSlots(size, () => {
    finishes += 1;
  });
  const run = (tenant: string, count = 1) => {
    for (let n = 0; n < count; n += 1) {
      const done = slots.run(
        tenant,
        () =>
          new Promise<void>((resolve) => {
            begun.push(tenant);
            const call = {
              tenant,
              end: async () => {
                running.splice(running.indexOf(call), 1);
                resolve();
                await done;
                await turn();
              },
            };
            running.push(call);
          }),
      );
    }
  };
  const of = (tenant: string) => running.filter((call) => call.tenant === tenant);
  return { slots, run, running, begun, of, finishes: () => finishes };
}
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('FairSlots', () => {
  it('gives two thirds to a tenant that is alone', () => {
    for (const [size, most] of [
      [75, 50],
      [38, 26],
      [4, 3],
      [2, 2],
      [1, 1],
    ] as const) {
      const { run, running } = held(size);
      run('a', 100);
      expect(running.length).toBe(most);
    }
  });

  it('has room at once for every newcomer beside one whose calls hang, until all slots are taken', () => {
    const { run, running, of } = held(75);
    run('slow', 100);
    run('b', 100);
    expect([of('slow').length, of('b').length]).toEqual([50, 17]);
    run('c', 100);
    expect(of('c').length).toBe(6);
    run('d', 1);
    expect(of('d').length).toBe(1);
    run('e', 100);
    expect(of('e').length).toBe(1);
    expect(running.length).toBe(75);
  });

  it('starts tenants in turn', async () => {
    const { run, running, begun } = held(2);
    run('x', 2);
    run('a', 5);
    run('b', 5);
    run('c', 1);
    for (let n = 0; n < 8; n += 1) await running[0]?.end();
    expect(begun.slice(2, 9).join('')).toBe('abcabab');
  });

  it('comes to equal shares when calls end and others wait', async () => {
    const { run, running, of } = held(30);
    run('a', 200);
    run('b', 200);
    for (let n = 0; n < 60; n += 1) await running[0]?.end();
    expect(of('a').length).toBe(of('b').length);
    expect(running.length).toBeGreaterThanOrEqual(24);
  });

  it('says of whom no more should be taken: who has as much in work as can be begun', async () => {
    const { slots, run, of } = held(6);
    slots.reserve('a', 3);
    expect(slots.full()).toEqual([]);
    slots.reserve('a', 1);
    expect(slots.full()).toEqual(['a']);
    slots.release('a', 4);
    expect(slots.full()).toEqual([]);
    run('a', 50);
    expect([slots.full(), slots.hasRoom]).toEqual([['a'], true]);
    run('b', 1);
    expect(slots.full()).toEqual(['a']);
    await of('b')[0]?.end();
    slots.reserve('b', 2);
    expect([slots.full(), slots.hasRoom]).toEqual([['a', 'b'], false]);
  });

  it('tells of every finish and release, and starts all at once when opened', async () => {
    const { slots, run, running, finishes } = held(3);
    run('a', 10);
    await running[0]?.end();
    expect(finishes()).toBe(1);
    slots.reserve('a', 1);
    slots.release('a', 1);
    expect(finishes()).toBe(2);
    expect(running.length).toBe(2);
    slots.open();
    expect(running.length).toBe(9);
  });

  it('can be made smaller, for what begins from then on, and larger', async () => {
    const { slots, run, running } = held(6);
    run('a', 20);
    expect(running.length).toBe(4);
    slots.resize(2);
    expect([running.length, slots.hasRoom]).toEqual([4, false]);
    for (let n = 0; n < 4; n += 1) await running[0]?.end();
    expect(running.length).toBe(2);
    slots.resize(12);
    expect(running.length).toBe(8);
  });

  it('passes on what a task throws, and frees its slot', async () => {
    const slots = new FairSlots(1, () => undefined);
    await expect(slots.run('a', () => Promise.reject(new Error('a fault')))).rejects.toThrow('a fault');
    let ran = false;
    await slots.run('b', async () => {
      ran = true;
    });
    expect(ran).toBe(true);
  });

  it('never runs more than it may, idles with nobody waiting that may run, and runs everything', async () => {
    const load = fc.array(fc.record({ tenant: fc.constantFrom('a', 'b', 'c', 'd'), ends: fc.nat(4) }), {
      maxLength: 150,
    });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 12 }), load, async (size, steps) => {
        const { slots, run, running, begun, of } = held(size);
        const waits = new Map<string, number>();
        for (const { tenant, ends } of steps) {
          run(tenant);
          waits.set(tenant, (waits.get(tenant) ?? 0) + 1);
          for (let n = 0; n < ends; n += 1) await running[n % Math.max(1, running.length)]?.end();
          expect(running.length).toBeLessThanOrEqual(size);
          const free = size - running.length;
          for (const [name, count] of waits) {
            const waiting = count - begun.filter((each) => each === name).length;
            if (waiting > 0 && free > 0) expect(of(name).length).toBeGreaterThanOrEqual(2 * free);
          }
        }
        while (running.length > 0) await running[0]?.end();
        expect([...begun].sort()).toEqual(steps.map(({ tenant }) => tenant).sort());
        expect([slots.full(), slots.hasRoom]).toEqual([[], true]);
      }),
      { numRuns: 60 },
    );
  });
});
