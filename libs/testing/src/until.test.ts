import { until } from './until';

describe('until', () => {
  it('gives the first answer that is one', async () => {
    const answers = [undefined, false, null, 0, 5];
    expect(await until(() => answers.shift(), { everyMs: 1 })).toBe(0);
  });

  it('asks again after an error', async () => {
    let asked = 0;
    const answer = await until(
      async () => {
        asked += 1;
        if (asked < 3) throw new Error('not up yet');
        return 'up';
      },
      { everyMs: 1 },
    );
    expect(answer).toBe('up');
  });

  it('says what it waited for and what it saw last', async () => {
    const waiting = until(() => false, { timeoutMs: 10, everyMs: 1, what: 'a delivery' });
    await expect(waiting).rejects.toThrow('Waited 10 ms in vain for a delivery (last answer: false).');
  });

  it('hands on the last error', async () => {
    const cause = new Error('refused');
    const waiting = until(() => Promise.reject(cause), { timeoutMs: 10, everyMs: 1 });
    await expect(waiting).rejects.toMatchObject({ message: expect.stringContaining('refused'), cause });
  });
});
