import { parseArgs } from 'node:util';
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

The services take their settings from the environment (docs/configuration.md), the temporary folder is that of TMPDIR.
`;

/** Wrong usage; the message says what is wrong. */
export class UsageError extends Error {}

/** Reads the command line. @throws UsageError */
export function readOptions(args: readonly string[]): BenchOptions {
  const given = parse(args);
  return {
    rounds: wholeNumber('rounds', given.rounds ?? '3', 1, 100),
    count: Math.ceil(wholeNumber('count', given.count ?? '20000', 100, 1_000_000) / 100) * 100,
    connections: wholeNumber('connections', given.connections ?? '64', 1, 1000),
    scenarios: given.only === undefined ? SCENARIO_NAMES : [scenarioName(given.only)],
    json: given.json,
    profile: given.profile,
  };
}

function parse(args: readonly string[]) {
  const type = 'string' as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        rounds: { type },
        count: { type },
        connections: { type },
        only: { type },
        json: { type },
        profile: { type },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name}: got "${text}", wants a whole number from ${min} to ${max}`);
}

function scenarioName(text: string): ScenarioName {
  const name = SCENARIO_NAMES.find((each) => each === text);
  if (name) return name;
  throw new UsageError(`--only: got "${text}", wants ${SCENARIO_NAMES.join(' or ')}`);
}
