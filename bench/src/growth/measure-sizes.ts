import { print } from '../print';
import { whole } from '../report/report';
import { measureLatency, runScenario } from '../scenario/run-scenario';
import { SCENARIO_NAMES, SCENARIOS, type ScenarioName } from '../scenario/scenarios';
import { fillDays, type TableBytes, tableBytes } from './fill-days';
import { type GrowthOptions } from './growth-options';
import { type House } from './houses';

/** One scenario in one house. */
export interface Reading {
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  /** CPU milliseconds per 1,000 notifications, by kind of process; empty where the system does not tell. */
  cpu: Record<string, number>;
}

/** One scenario, measured in the empty house and in the filled one right after each other. */
export interface Pair {
  empty: Reading;
  filled: Reading;
}

export interface SizeResult {
  deliveries: number;
  bytes: TableBytes;
  fillSeconds: number;
  rounds: Record<ScenarioName, Pair>[];
}

const WARM_UP = 4000;
const LATENCY_SECONDS = 5;

/**
 * Fills one house step by step and measures it against an empty one at each size. Within a round each scenario runs in
 * both houses, the order turned about from round to round, and the house whose turn it is not stands still. What a run
 * wrote is taken out of the empty house before the next round: it would not stay empty.
 */
export async function measureSizes(
  houses: Record<'empty' | 'filled', House>,
  options: GrowthOptions,
): Promise<SizeResult[]> {
  const results: SizeResult[] = [];
  let deliveries = 0;
  for (const size of options.sizes) {
    const startedAt = performance.now();
    houses.empty.pause();
    houses.filled.resume();
    if (size > deliveries) await fillDays(houses.filled.stage.db, size - deliveries, deliveries);
    deliveries = size;
    const fillSeconds = (performance.now() - startedAt) / 1000;
    const bytes = await tableBytes(houses.filled.stage.db);
    print(`${whole(size)} deliveries in ${whole(fillSeconds)} s`);
    const rounds: SizeResult['rounds'] = [];
    for (let round = 1; round <= options.rounds; round += 1) {
      rounds.push(await measureRound(houses, options, `${size}-${round}`, round % 2 === 0));
    }
    results.push({ deliveries, bytes, fillSeconds, rounds });
  }
  return results;
}

async function measureRound(
  houses: Record<'empty' | 'filled', House>,
  { count }: GrowthOptions,
  name: string,
  filledFirst: boolean,
): Promise<Record<ScenarioName, Pair>> {
  await emptyOut(houses.empty);
  const order = filledFirst ? (['filled', 'empty'] as const) : (['empty', 'filled'] as const);
  const round = {} as Record<ScenarioName, Pair>;
  for (const scenario of SCENARIO_NAMES) {
    const pair = {} as Pair;
    // Both at the same rate: half of what the first of them could do.
    let rate: number | undefined;
    for (const each of order) {
      const other = each === 'empty' ? houses.filled : houses.empty;
      pair[each] = await measureOne(houses[each], other, scenario, { count, name, rate });
      rate ??= pair[each].perSecond;
    }
    round[scenario] = pair;
    print(`${name}  ${describe(scenario, pair)}`);
  }
  return round;
}

async function measureOne(
  house: House,
  other: House,
  name: ScenarioName,
  run: { count: number; name: string; rate?: number },
): Promise<Reading> {
  const scenario = SCENARIOS[name];
  const { stage } = house;
  other.pause();
  house.resume();
  await runScenario(stage, scenario, WARM_UP, `${run.name}-${name}-warm-up`);
  const count = run.count * scenario.countFactor;
  const { perSecond, cpu } = await runScenario(stage, scenario, count, `${run.name}-${name}`);
  const rate = { perSecond: (run.rate ?? perSecond) / 2, seconds: LATENCY_SECONDS };
  const { p50Ms, p99Ms } = await measureLatency(stage, scenario, rate, `${run.name}-${name}-latency`);
  const perThousand = Object.entries(cpu?.classes ?? {}).map(([each, ms]) => [each, (1000 * ms) / count]);
  return { perSecond, p50Ms, p99Ms, cpu: Object.fromEntries(perThousand) };
}

async function emptyOut({ stage }: House): Promise<void> {
  await stage.db.rows('TRUNCATE notifications, deliveries, attempts, events, attachments, idempotency_keys');
}

function describe(scenario: ScenarioName, { empty, filled }: Pair): string {
  return [
    scenario.padEnd(6),
    `empty ${whole(empty.perSecond)}/s p99 ${empty.p99Ms.toFixed(1)} ms`,
    `filled ${whole(filled.perSecond)}/s p99 ${filled.p99Ms.toFixed(1)} ms`,
    `ratio ${(filled.perSecond / empty.perSecond).toFixed(2)}`,
  ].join('  ');
}
