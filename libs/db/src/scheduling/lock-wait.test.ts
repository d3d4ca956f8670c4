import { whenFree } from './lock-wait';

const failing = (code: string, times: number) => {
  const calls = { count: 0 };
  const change = () => {
    calls.count += 1;
    return calls.count <= times
      ? Promise.reject(Object.assign(new Error(code), { code }))
      : Promise.resolve('done');
  };
  return { calls, change };
};

it.each(['55P03', '23514'])('comes again after %s', async (code) => {
  const { calls, change } = failing(code, 2);
  expect(await whenFree(change)).toBe('done');
  expect(calls.count).toBe(3);
});

it('does not repeat what failed for another reason', async () => {
  const { calls, change } = failing('42P01', 1);
  await expect(whenFree(change)).rejects.toThrow('42P01');
  expect(calls.count).toBe(1);
});

it('stops waiting when it is told to', async () => {
  const stopping = new AbortController();
  const { change } = failing('55P03', 99);
  const waiting = whenFree(change, stopping.signal);
  stopping.abort();
  await expect(waiting).rejects.toThrow('aborted');
});
