import { UsageError } from '../command-line';
import { readGrowthOptions } from './growth-options';

it('has defaults', () => {
  expect(readGrowthOptions([])).toEqual({
    what: 'sizes',
    sizes: [0, 1_000_000, 5_000_000, 10_000_000],
    rounds: 3,
    count: 20_000,
    connections: 64,
    rate: 500,
    recipients: 1_000_000,
    json: undefined,
  });
  expect(readGrowthOptions(['--retention'])).toMatchObject({ what: 'retention', sizes: [3_000_000] });
});

it('takes millions, also fractions of one', () => {
  expect(readGrowthOptions(['--sizes', '0,0.5,2']).sizes).toEqual([0, 500_000, 2_000_000]);
  expect(readGrowthOptions(['--feed', '--recipients', '1500'])).toMatchObject({
    what: 'feed',
    recipients: 2000,
  });
});

it('takes megabytes for Postgres', () => {
  expect(readGrowthOptions(['--shared-buffers', '2048'])).toMatchObject({ sharedBuffersMb: 2048 });
});

it.each([
  [['--sizes', '5,1'], '--sizes: got "5,1"'],
  [['--sizes', '1,1'], '--sizes: got "1,1"'],
  [['--sizes', '1,x'], '--sizes: got "1,x"'],
  [['--sizes', ''], '--sizes: got ""'],
  [['--rate', '1'], '--rate: got "1"'],
  [['--shared-buffers', '2GB'], '--shared-buffers: got "2GB"'],
  [['--retention', '--feed'], '--retention and --feed'],
  [['--fast'], '--fast'],
])('refuses %j', (args, message) => {
  expect(() => readGrowthOptions(args)).toThrow(UsageError);
  expect(() => readGrowthOptions(args)).toThrow(message);
});
