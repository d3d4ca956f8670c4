import { UsageError } from './command-line';
import { readOptions } from './options';

it('has defaults', () => {
  expect(readOptions([])).toEqual({
    rounds: 3,
    count: 20_000,
    connections: 64,
    scenarios: ['single', 'batch'],
    json: undefined,
    profile: undefined,
  });
});

it('takes what is given, and a count that fills whole batches', () => {
  const options = readOptions(['--rounds', '1', '--count', '1234', '--json', 'out.json', '--only', 'batch']);
  expect(options).toMatchObject({ rounds: 1, count: 1300, json: 'out.json', scenarios: ['batch'] });
});

it.each([
  [['--rounds', '0'], '--rounds: got "0"'],
  [['--count', '1e4'], '--count: got "1e4"'],
  [['--only', 'sms'], '--only: got "sms"'],
  [['--fast'], '--fast'],
])('refuses %j', (args, message) => {
  expect(() => readOptions(args)).toThrow(UsageError);
  expect(() => readOptions(args)).toThrow(message);
});
