import { createLogger } from '../log/create-logger';
import { backgroundTask } from './background-task';

function setUp() {
  const lines: { msg: string; task?: string }[] = [];
  const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };
  return { lines, logger: createLogger({ service: 'test', level: 'info', destination }) };
}

/** Resolves when it was called so many times. */
function countdown(times: number) {
  let done = () => {};
  const reached = new Promise<void>((resolve) => {
    done = resolve;
  });
  let left = times;
  return {
    reached,
    tick: () => {
      left -= 1;
      if (left === 0) done();
    },
  };
}

describe('backgroundTask', () => {
  it('begins at once and goes on', async () => {
    const { logger } = setUp();
    const { reached, tick } = countdown(3);
    const task = backgroundTask('relay', 1, async () => tick(), { logger });
    await reached;
    await task.stop();
  });

  it('never overlaps itself, however slow a turn is', async () => {
    const { logger } = setUp();
    const { reached, tick } = countdown(5);
    let running = 0;
    let most = 0;
    const turn = async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      tick();
    };
    const task = backgroundTask('relay', 1, turn, { logger });
    await reached;
    await task.stop();
    expect(most).toBe(1);
  });

  it('logs a turn that fails and goes on', async () => {
    const { logger, lines } = setUp();
    const { reached, tick } = countdown(3);
    const turn = async () => {
      tick();
      throw new Error('down');
    };
    const task = backgroundTask('relay', 1, turn, { logger });
    await reached;
    await task.stop();
    expect(lines[0]).toMatchObject({ level: 'error', task: 'relay', err: { message: 'down' } });
    expect(lines.length).toBeGreaterThanOrEqual(2);
  });

  it('waits for the running turn when it stops, tells it, and starts no other', async () => {
    const { logger, lines } = setUp();
    let turns = 0;
    let finished = false;
    const turn = async (signal: AbortSignal) => {
      turns += 1;
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 20)));
      finished = true;
      throw new Error('gave up');
    };
    const task = backgroundTask('relay', 1, turn, { logger });
    await task.stop();
    expect([finished, turns, lines]).toEqual([true, 1, []]);
  });

  it('does not sit out its pause when it stops', async () => {
    const { logger } = setUp();
    const { reached, tick } = countdown(1);
    const task = backgroundTask('relay', 3_600_000, async () => tick(), { logger });
    await reached;
    await Promise.all([task.stop(), task.stop()]);
  });
});
