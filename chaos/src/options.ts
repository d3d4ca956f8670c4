import { parseArgs } from 'node:util';
import { SCENARIOS, SHORT_SCENARIOS } from './scenarios';
import { type Scenario } from './scenarios/scenario';

export interface ChaosOptions {
  scenarios: readonly Scenario[];
  /** Notifications in each scenario. */
  count: number;
  perSecond: number;
  seed: number;
  /** 1, or less for shorter faults. */
  pace: number;
  /** Whether the faults come again for as long as the load goes on. */
  again: boolean;
  json?: string;
}

export const USAGE = `Usage: npm run chaos -- [--scenario NAME[,NAME]] [--count 20000] [--rate 400] [--seed 1] [--json FILE] [--short]

  --scenario  only these; every one of them otherwise
  --count     notifications in each scenario
  --rate      notifications a second
  --seed      decides what is sent and which process is killed when
  --json      also writes the results to this file
  --short     about a minute: ${SHORT_SCENARIOS.join(', ')}; shorter faults, once, and less load
  --pace      a number from 0.05 to 1: how long faults last, as a part of what is said of them

Scenarios:
${SCENARIOS.map(({ name, title }) => `  ${name.padEnd(21)} ${title}`).join('\n')}
`;

/** Wrong usage; the message says what is wrong. */
export class UsageError extends Error {}

/** Reads the command line. @throws UsageError */
export function readOptions(args: readonly string[]): ChaosOptions {
  const given = parse(args);
  const { short } = given;
  const names = given.scenario?.split(',') ?? (short ? SHORT_SCENARIOS : SCENARIOS.map(({ name }) => name));
  return {
    scenarios: names.map(scenarioOf),
    count: number('count', given.count ?? (short ? '1200' : '20000'), 1, 10_000_000),
    perSecond: number('rate', given.rate ?? (short ? '150' : '400'), 1, 100_000),
    seed: number('seed', given.seed ?? '1', 0, 2 ** 32 - 1),
    pace: number('pace', given.pace ?? (short ? '0.2' : '1'), 0.05, 1),
    again: !short,
    json: given.json,
  };
}

function parse(args: readonly string[]) {
  const type = 'string' as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        scenario: { type },
        count: { type },
        rate: { type },
        seed: { type },
        pace: { type },
        json: { type },
        short: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function scenarioOf(name: string): Scenario {
  const found = SCENARIOS.find((each) => each.name === name);
  if (found) return found;
  throw new UsageError(
    `--scenario: there is no "${name}"; there are ${SCENARIOS.map((s) => s.name).join(', ')}`,
  );
}

function number(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name}: got "${text}", wants a number from ${min} to ${max}`);
}
