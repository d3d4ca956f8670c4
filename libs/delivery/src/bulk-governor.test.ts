import { BulkGovernor } from './bulk-governor';

const TICK_MS = 50;

describe('BulkGovernor', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  function govern(full: number) {
    const state = { busy: 0.2, sizes: [] as number[] };
    const governor = new BulkGovernor({
      full,
      resize: (size) => state.sizes.push(size),
      busy: () => state.busy,
      now: () => Date.now(),
    });
    const tick = (times: number) => jest.advanceTimersByTime(times * TICK_MS);
    return { governor, state, tick };
  }

  it('leaves bulk alone while nothing is urgent, however busy the process is', () => {
    const { governor, state, tick } = govern(38);
    state.busy = 1;
    tick(100);
    expect(state.sizes).toEqual([]);
    governor.stop();
  });

  it('halves it while there is urgent work and the process is busy, and never stops it for long', () => {
    const { governor, state, tick } = govern(38);
    state.busy = 0.9;
    governor.urgent();
    tick(16);
    expect(state.sizes).toEqual([19, 9, 4, 2, 1, 0, 1, 0, 1, 0, 1, 0]);
    governor.stop();
  });

  it('gives back one at a time when there is room, and all of it when nothing is urgent any more', () => {
    const { governor, state, tick } = govern(10);
    state.busy = 0.9;
    governor.urgent();
    tick(2);
    state.busy = 0.3;
    tick(3);
    expect(state.sizes).toEqual([5, 2, 3, 4, 5]);
    tick(20);
    expect(state.sizes.at(-1)).toBe(10);
    governor.stop();
    governor.urgent();
    tick(100);
    expect(state.sizes.at(-1)).toBe(10);
  });

  it('does not give a lane more than it is to have', () => {
    const { governor, state, tick } = govern(1);
    state.busy = 1;
    governor.urgent();
    tick(3);
    state.busy = 0;
    tick(3);
    expect(state.sizes).toEqual([0, 1]);
    governor.stop();
  });

  it('measures how busy this process is', () => {
    jest.useRealTimers();
    const sizes: number[] = [];
    const governor = new BulkGovernor({ full: 8, resize: (size) => sizes.push(size) });
    governor.urgent();
    const until = performance.now() + 200;
    return new Promise<void>((resolve) => {
      const burn = () => {
        const stop = performance.now() + 20;
        while (performance.now() < stop);
        if (performance.now() < until) setImmediate(burn);
        else {
          governor.stop();
          expect(sizes[0]).toBe(4);
          resolve();
        }
      };
      setImmediate(burn);
    });
  });
});
