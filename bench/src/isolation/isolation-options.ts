import { parseFlags, wholeNumber } from '../command-line';

export interface IsolationOptions {
  /** Bulk deliveries of the tenant that floods. */
  count: number;
  /** How long the other tenant is measured, each time. */
  seconds: number;
  json?: string;
}

export const ISOLATION_USAGE = `Usage: npm run bench -- isolation [--count 200000] [--seconds 10] [--json FILE]

How much of one tenant's flood or trouble another tenant feels: webhooks over HTTP, everything in processes of its own.

  --count    bulk deliveries of tenant A that are queued while tenant B is measured
  --seconds  how long tenant B posts 100 critical notifications a second, each time
  --json     also writes the figures to this file
`;

/** Reads the command line. @throws UsageError */
export function readIsolationOptions(args: readonly string[]): IsolationOptions {
  const given = parseFlags(args, { values: ['count', 'seconds', 'json'] });
  return {
    count: wholeNumber('count', given.count ?? '200000', 1000, 5_000_000),
    seconds: wholeNumber('seconds', given.seconds ?? '10', 1, 600),
    json: given.json,
  };
}
