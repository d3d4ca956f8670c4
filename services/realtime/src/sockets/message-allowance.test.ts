import { MessageAllowance } from './message-allowance';

it('lets twice as many through at once as in a second, and then that many a second', () => {
  const allowance = new MessageAllowance(5, 0);
  const taken = (now: number) => Array.from({ length: 20 }, () => allowance.take(now)).filter(Boolean).length;
  expect([taken(0), taken(100), taken(1100), taken(60_000)]).toEqual([10, 0, 5, 10]);
});

it('loses nothing to a clock that goes back', () => {
  const allowance = new MessageAllowance(1, 1000);
  expect([allowance.take(1000), allowance.take(1000)]).toEqual([true, true]);
  expect([allowance.take(0), allowance.take(1000), allowance.take(1000)]).toEqual([false, true, false]);
});
