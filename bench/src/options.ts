import { parseFlags, UsageError, wholeNumber } from './command-line';
import { SCENARIO_NAMES, type ScenarioName } from './scenario/scenarios';

export interface BenchOptions {
  rounds: number;
  /** Notifications per single run and jobs per RAW probe; batch runs take twice as many. */
  count: number;
  /** Keep-alive connections of the load generator for single POSTs. */
  connections: number;
  scenarios: readonly ScenarioName[];
  /** Where the figures are written as JSON. */
  json?: string;
  /** Folder for CPU profiles of the ingest API and the worker. */
  profile?: string;
}

export const USAGE = `Usage: npm run bench -- [--rounds 3] [--count 20000] [--json FILE]

  --rounds       rounds of RAW, single, RAW, batch, RAW; medians over them are reported
  --count        notifications per run of single POSTs and jobs per RAW probe (batch: twice as many)
  --json         also writes the figures to this file
  --connections  connections that post at once, one request in flight on each (default 64)
  --only         single or batch: only that scenario
  --profile      a folder: CPU profiles of the ingest API and the worker are written there

Other measurements, each with a --help of its own: npm run bench -- growth

The services take their settings from the environment (docs/configuration.md), the temporary folder is that of TMPDIR.
`;

/** Reads the command line. @throws UsageError */
export function readOptions(args: readonly string[]): BenchOptions {
  const given = parseFlags(args, {
    values: ['rounds', 'count', 'connections', 'only', 'json', 'profile'],
  });
  return {
    rounds: wholeNumber('rounds', given.rounds ?? '3', 1, 100),
    count: Math.ceil(wholeNumber('count', given.count ?? '20000', 100, 1_000_000) / 100) * 100,
    connections: wholeNumber('connections', given.connections ?? '64', 1, 1000),
    scenarios: given.only === undefined ? SCENARIO_NAMES : [scenarioName(given.only)],
    json: given.json,
    profile: given.profile,
  };
}

function scenarioName(text: string): ScenarioName {
  const name = SCENARIO_NAMES.find((each) => each === text);
  if (name) return name;
  throw new UsageError(`--only: got "${text}", wants ${SCENARIO_NAMES.join(' or ')}`);
}
