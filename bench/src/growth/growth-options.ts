import { parseFlags, UsageError, wholeNumber } from '../command-line';

export interface GrowthOptions {
  what: 'sizes' | 'retention' | 'feed';
  /** Deliveries in the tables, ascending. */
  sizes: readonly number[];
  rounds: number;
  /** Notifications per run of single POSTs (batch: twice as many). */
  count: number;
  connections: number;
  /** Of Postgres, in megabytes; as the embedded server has it when missing. */
  sharedBuffersMb?: number;
  /** Retention: deliveries posted per second. */
  rate: number;
  /** Feed: recipients in all. */
  recipients: number;
  json?: string;
}

export const GROWTH_USAGE = `Usage: npm run bench -- growth [--sizes 0,1,5,10] [--rounds 3] [--count 20000] [--json FILE]
       npm run bench -- growth --retention [--sizes 3] [--rate 500] [--rounds 3] [--json FILE]
       npm run bench -- growth --feed [--recipients 1000000] [--json FILE]

Throughput and latency with so many million deliveries in the tables, against empty tables in the same run. 10 million
take about 18 GB in the temporary folder (TMPDIR).

  --sizes        millions of deliveries (fractions are fine); the tables are filled up from one to the next
  --rounds       at each size; in a round both scenarios run on both databases. Medians are reported
  --count        notifications per run of single POSTs (batch: twice as many)
  --connections  connections that post at once (default 64)
  --json         also writes the figures to this file
  --shared-buffers
                 megabytes of Postgres for its tables (default 256, as the embedded one has)

  --retention    how long writers stand still while days are detached and dropped and partitions are made
  --rate         notifications per second while that happens (default 500)

  --feed         memory of the processes while so many recipients are posted to the bulk lane, 1,000 per request
  --recipients   default 1,000,000
`;

const MILLION = 1_000_000;

/** Reads the command line. @throws UsageError */
export function readGrowthOptions(args: readonly string[]): GrowthOptions {
  const given = parseFlags(args, {
    values: ['sizes', 'rounds', 'count', 'connections', 'rate', 'recipients', 'json', 'shared-buffers'],
    switches: ['retention', 'feed'],
  });
  if (given.retention && given.feed) throw new UsageError('--retention and --feed are two measurements');
  const buffers = given['shared-buffers'];
  const what = given.retention ? 'retention' : given.feed ? 'feed' : 'sizes';
  return {
    what,
    sizes: readSizes(given.sizes ?? (what === 'retention' ? '3' : '0,1,5,10')),
    rounds: wholeNumber('rounds', given.rounds ?? '3', 1, 100),
    count: Math.ceil(wholeNumber('count', given.count ?? '20000', 100, MILLION) / 100) * 100,
    connections: wholeNumber('connections', given.connections ?? '64', 1, 1000),
    ...(buffers !== undefined && {
      sharedBuffersMb: wholeNumber('shared-buffers', buffers, 16, 1024 * 1024),
    }),
    rate: wholeNumber('rate', given.rate ?? '500', 10, 100_000),
    recipients:
      Math.ceil(wholeNumber('recipients', given.recipients ?? '1000000', 1000, 100 * MILLION) / 1000) * 1000,
    json: given.json,
  };
}

function readSizes(text: string): number[] {
  const sizes = text
    .split(',')
    .map((each) => (/^\d+(\.\d+)?$/.test(each) ? Number(each) * MILLION : Number.NaN));
  const ascending = sizes.every((size, index) => index === 0 || size > (sizes[index - 1] as number));
  if (sizes.every((size) => size <= 1000 * MILLION) && ascending) return sizes;
  throw new UsageError(`--sizes: got "${text}", wants ascending millions, such as 0,1,5,10`);
}
