import { type Payload, type Take } from '@herald/queue';
import { TicketDesk } from './ticket-desk';

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const payload = (count: number, tenantId = 'a'): Payload => ({
  tenantId,
  ids: Array.from({ length: count }, (_, n) => `${tenantId}-${n}`),
});

/** A desk whose lane, slots and work are what the test says. */
function desk() {
  const state = {
    hasRoom: true,
    full: [] as string[],
    takes: [] as { budget: number; skip: readonly string[] }[],
  };
  const answers: Take[] = [];
  const works: { payloads: readonly Payload[]; end(result: 'done' | 'given back'): void; fail(): void }[] =
    [];
  const it = new TicketDesk({
    slots: {
      get hasRoom() {
        return state.hasRoom;
      },
      full: () => state.full,
    },
    take: async (budget, skip) => {
      state.takes.push({ budget, skip });
      return answers.shift() ?? { payloads: [], left: 'none' };
    },
    begin: (payloads) =>
      new Promise((resolve, reject) =>
        works.push({ payloads, end: resolve, fail: () => reject(new Error('a fault')) }),
      ),
  });
  const results: string[] = [];
  const serve = (name: string) =>
    void it.serve().then(
      (result) => results.push(`${name} ${result}`),
      (error: Error) => results.push(`${name} ${error.message}`),
    );
  return { it, state, answers, works, results, serve };
}

describe('TicketDesk', () => {
  it('ends a ticket that has served 50, once that is finished', async () => {
    const { serve, answers, works, results, state } = desk();
    answers.push(
      { payloads: [payload(30)], left: 'some' },
      { payloads: [payload(50)], left: 'some' },
      { payloads: [], left: 'none' },
    );
    serve('one');
    await turn();
    await turn();
    expect(state.takes.map(({ budget }) => budget)).toEqual([50, 20]);
    works[1]?.end('done');
    await turn();
    expect(results).toEqual([]);
    works[0]?.end('done');
    await turn();
    expect(results).toEqual(['one done']);
  });

  it('ends all tickets in hand when the lane was found empty, but none that came later', async () => {
    const { serve, answers, results, state } = desk();
    const late: Take = { payloads: [], left: 'none' };
    let answer: (take: Take) => void = () => undefined;
    answers.push(new Promise<Take>((resolve) => (answer = resolve)) as unknown as Take);
    serve('one');
    await turn();
    serve('two');
    answer(late);
    await turn();
    expect(results).toEqual(['one done', 'two done']);
    expect(state.takes).toHaveLength(2);
  });

  it('takes nothing while there is no room', async () => {
    const { it: desk1, serve, state } = desk();
    state.hasRoom = false;
    serve('one');
    await turn();
    desk1.wake();
    await turn();
    expect(state.takes).toEqual([]);
    state.hasRoom = true;
    desk1.wake();
    await turn();
    expect(state.takes).toHaveLength(1);
  });

  it('looks again when a tenant may go on, or after a while, when only full ones had work', async () => {
    // No time passes but what the test lets pass: it looks again after 5 ms, and a busy machine takes longer for a turn.
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    const { it: desk1, serve, state, answers, results } = desk();
    const skipped: Take = { payloads: [], left: 'skipped' };
    state.full = ['a', 'b'];
    answers.push(skipped);
    serve('one');
    await turn();
    desk1.wake();
    await turn();
    expect(state.takes).toHaveLength(1);
    answers.push(skipped);
    state.full = ['b', 'c'];
    desk1.wake();
    await turn();
    expect(state.takes.map(({ skip }) => skip)).toEqual([
      ['a', 'b'],
      ['b', 'c'],
    ]);
    // Nothing wakes it any more: it looks by itself.
    while (results.length === 0) {
      await jest.advanceTimersByTimeAsync(5);
      await turn();
    }
    expect(state.takes).toHaveLength(3);
    jest.useRealTimers();
  });

  it('goes on with a ticket whose work was given back, after a pause', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'performance'] });
    try {
      const { serve, answers, works, results, state } = desk();
      answers.push({ payloads: [payload(50)], left: 'some' });
      serve('one');
      await turn();
      works[0]?.end('given back');
      await turn();
      expect([results, state.takes.length]).toEqual([[], 1]);
      answers.push({ payloads: [payload(50)], left: 'none' });
      while (state.takes.length < 2) {
        await jest.advanceTimersByTimeAsync(100);
        await turn();
      }
      works[1]?.end('done');
      await turn();
      expect(results).toEqual(['one done']);
    } finally {
      jest.useRealTimers();
    }
  });

  it('fails a ticket whose work threw, and goes on with the others', async () => {
    const { serve, answers, works, results } = desk();
    answers.push({ payloads: [payload(50)], left: 'some' }, { payloads: [payload(1)], left: 'none' });
    serve('one');
    serve('two');
    await turn();
    works[0]?.fail();
    works[1]?.end('done');
    await turn();
    expect(results.sort()).toEqual(['one a fault', 'two done']);
  });

  it('fails every ticket in hand when nothing can be taken', async () => {
    const { serve, answers, results } = desk();
    answers.push(Promise.reject(new Error('Redis is away')) as unknown as Take);
    serve('one');
    serve('two');
    await turn();
    expect(results).toEqual(['one Redis is away', 'two Redis is away']);
    serve('three');
    await turn();
    expect(results[2]).toBe('three done');
  });

  it('returns what it has when it closes, once what was taken is finished', async () => {
    const { it: desk1, serve, answers, works, results, state } = desk();
    answers.push({ payloads: [payload(10)], left: 'some' });
    serve('one');
    await turn();
    state.hasRoom = false;
    serve('two');
    desk1.close();
    await turn();
    expect(results).toEqual(['two returned']);
    for (const work of works) work.end('given back');
    await turn();
    expect(results).toEqual(['two returned', 'one returned']);
    serve('three');
    await turn();
    expect(results[2]).toBe('three returned');
  });
});
