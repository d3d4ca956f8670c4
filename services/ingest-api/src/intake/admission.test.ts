import { ProblemError } from '@herald/platform';
import { Admission } from './admission';

/** A server that answers so many a second, in order, and clients that ask for so many a second; ticks of 10 ms. */
function simulate(
  admission: Admission,
  clock: { now: number },
  seconds: number,
  rate: number,
  capacity: number,
) {
  const queue: { at: number; leave: () => void }[] = [];
  const seen = { answered: 0, refused: 0, waits: [] as number[], longest: 0 };
  let [owed, room] = [0, 0];
  for (const end = clock.now + seconds * 1000; clock.now < end; clock.now += 10) {
    for (owed += rate / 100; owed >= 1; owed -= 1) {
      try {
        queue.push({ at: clock.now, leave: admission.enter() });
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error;
        seen.refused += 1;
      }
    }
    for (room += capacity / 100; room >= 1; room -= 1) {
      const first = queue.shift();
      if (!first) continue;
      seen.answered += 1;
      seen.waits.push(clock.now - first.at);
      first.leave();
    }
    seen.longest = Math.max(seen.longest, queue.length);
  }
  return seen;
}

describe('Admission', () => {
  it.each([400, 1600])('keeps waits short and the server busy at 3 times %i a second', (capacity) => {
    const clock = { now: 0 };
    const admission = new Admission({ targetMs: 1000, now: () => clock.now });
    simulate(admission, clock, 10, 3 * capacity, capacity);
    const { answered, waits } = simulate(admission, clock, 10, 3 * capacity, capacity);
    expect(answered).toBeGreaterThan(0.98 * 10 * capacity);
    expect(waits.reduce((longest, wait) => Math.max(longest, wait), 0)).toBeLessThan(1600);
  });

  it('refuses nothing when there is room, and nothing any more when an overload is over', () => {
    const clock = { now: 0 };
    const admission = new Admission({ targetMs: 1000, now: () => clock.now });
    expect(simulate(admission, clock, 10, 500, 1000).refused).toBe(0);
    expect(simulate(admission, clock, 10, 3000, 1000).refused).toBeGreaterThan(10_000);
    simulate(admission, clock, 2, 500, 1000);
    expect(simulate(admission, clock, 10, 500, 1000).refused).toBe(0);
  });

  it('says when to come again, and never lets in less than a commit is worth', () => {
    const clock = { now: 0 };
    const admission = new Admission({ targetMs: 100, now: () => clock.now });
    const slow = simulate(admission, clock, 30, 200, 40);
    expect(slow.longest).toBeGreaterThanOrEqual(200);
    for (let n = 0; n < 10_000; n += 1) {
      try {
        admission.enter();
      } catch (error) {
        expect(error).toMatchObject({ type: 'overloaded', status: 503, headers: { 'retry-after': '1' } });
        return;
      }
    }
    throw new Error('nothing was refused');
  });
});
