import { type Payload, type Take } from '@herald/queue';
import { PauseGuard } from './pause-guard';

const NONE: Take = { payloads: [], left: 'none' };
const UNKNOWN: Take = { payloads: [], left: 'unknown' };
const some: Payload[] = [{ tenantId: 'a', ids: ['1'] }];
const away = () => Object.assign(new Error('away'), { code: 'ECONNREFUSED' });

/** A guard of a lane whose answers are what the test says; `log` tells what happened in which order. */
function guarded() {
  const log: string[] = [];
  const answers: (Take | (() => Promise<Take>))[] = [];
  const faults: Error[] = [];
  const guard = new PauseGuard({
    keep: async () => {
      log.push('keep');
      await Promise.resolve();
      const fault = faults.shift();
      if (fault) throw fault;
    },
    onUnavailable: () => log.push('unavailable'),
  });
  const order = guard.guard({
    take: async () => {
      log.push('take');
      const answer = answers.shift() ?? NONE;
      return typeof answer === 'function' ? answer() : answer;
    },
    giveBack: async () => void log.push('give back'),
  });
  return { guard, log, answers, faults, take: () => order.take(50, []) };
}

describe('PauseGuard', () => {
  it('takes nothing before Redis was made to agree, once for all that ask', async () => {
    const { take, log } = guarded();
    await Promise.all([take(), take(), take()]);
    await take();
    expect(log).toEqual(['keep', 'take', 'take', 'take', 'take']);
  });

  it('makes Redis agree again when it has lost the pauses, and goes on', async () => {
    const { take, log, answers } = guarded();
    answers.push(UNKNOWN, { payloads: some, left: 'some' });
    expect(await take()).toEqual({ payloads: some, left: 'some' });
    expect(log).toEqual(['keep', 'take', 'keep', 'take']);
  });

  it('makes Redis agree again after a connection broke', async () => {
    const { take, log, guard } = guarded();
    await take();
    guard.doubt();
    await take();
    expect(log).toEqual(['keep', 'take', 'keep', 'take']);
  });

  it('does not believe an agreement during which a connection broke', async () => {
    const { take, log, guard } = guarded();
    const taking = take();
    guard.doubt();
    await taking;
    expect(log).toEqual(['keep', 'keep', 'take']);
  });

  it('gives back what it got from a Redis that was not asked', async () => {
    const { take, log, answers, guard } = guarded();
    answers.push(async () => {
      guard.doubt();
      return { payloads: some, left: 'none' };
    });
    expect(await take()).toEqual(NONE);
    expect(log).toEqual(['keep', 'take', 'give back', 'keep', 'take']);
  });

  it('counts as paused while Postgres or Redis is away', async () => {
    const { take, log, faults } = guarded();
    faults.push(away());
    expect(await take()).toEqual({ payloads: [], left: 'paused' });
    expect(await take()).toEqual(NONE);
    expect(log).toEqual(['keep', 'unavailable', 'keep', 'take']);
  });

  it('does not hide a fault of ours', async () => {
    const { take, faults } = guarded();
    faults.push(new Error('a fault'));
    await expect(take()).rejects.toThrow('a fault');
  });
});
