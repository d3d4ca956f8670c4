import { until } from '@herald/testing';
import { type Comparison, compare } from './ledger/compare';
import { countOpen, readAmbiguous, readArrivals, readDeliveries } from './ledger/read-deliveries';
import { Load, type LoadResult } from './load/load';
import { type ChaosOptions } from './options';
import { seededRandom } from './random';
import { type Scenario, Stage } from './scenarios/scenario';
import { type Arrival } from './system/sandbox';
import { type System, startSystem } from './system/start-system';

export interface ScenarioResult extends Comparison {
  name: string;
  title: string;
  /** Processes that did what nobody asked for, and answers that contradict each other. */
  surprises: string[];
  /** The longest time without a 202, and without an arrival, while the load went on; seconds. */
  longestGap: { accepting: number; delivering: number };
  /** Attempts of which nobody can know the outcome, by provider and cause. */
  ambiguous: Record<string, number>;
  /** From the end of the last fault until all that was accepted before it had arrived; seconds. */
  recovery: number;
  /** Requests that the client had to repeat. */
  retries: number;
  ok: boolean;
}

const QUIET_MS = 600_000;
/** Between two rounds of faults. */
const CALM_SECONDS = 20;
const MAX_ROUNDS = 5;

/** Runs one scenario on a system of its own. */
export async function runScenario(scenario: Scenario, options: ChaosOptions): Promise<ScenarioResult> {
  const system = await startSystem({ ...scenario.system, random: seededRandom(options.seed + 1) });
  try {
    return await run(scenario, system, options);
  } finally {
    await system.stop();
  }
}

async function run(scenario: Scenario, system: System, options: ChaosOptions): Promise<ScenarioResult> {
  const load = new Load({
    urls: system.ingestUrls,
    key: system.key,
    worldUrl: system.world.url,
    count: options.count,
    perSecond: options.perSecond,
    random: seededRandom(options.seed),
  });
  const stage = new Stage(system, seededRandom(options.seed + 2), options.pace);
  const loaded = load.run();
  await stage.wait(2);
  if (options.again) await repeatFaults(scenario, stage, loaded);
  else await scenario.faults(stage);
  const result = await loaded;
  await Promise.all(system.services.map((each) => each.untilUp()));
  await untilQuiet(system);
  const arrivals = await readArrivals(system);
  const comparison = compare(result.told, await readDeliveries(system.sql), arrivals);
  const surprises = [...result.complaints, ...system.services.flatMap((each) => each.surprises)];
  const { lost, unexplained, contradictions } = comparison;
  return {
    name: scenario.name,
    title: scenario.title,
    ...comparison,
    surprises,
    ...timesOf(result, arrivals, stage.faultEndedAt),
    ambiguous: await readAmbiguous(system.sql),
    retries: result.retries,
    ok: [lost, unexplained, contradictions, surprises].every((list) => list.length === 0),
  };
}

/** Faults, and a calm after them, several times if the load goes on for so long. */
async function repeatFaults(scenario: Scenario, stage: Stage, loaded: Promise<unknown>): Promise<void> {
  const load = { over: false };
  const over = loaded.finally(() => {
    load.over = true;
  });
  for (let round = 0; round < MAX_ROUNDS && !load.over; round += 1) {
    await scenario.faults(stage);
    await Promise.race([stage.wait(CALM_SECONDS), over]);
  }
}

/** Waits until no delivery is open; what still is when time is up is lost, and is counted so. */
async function untilQuiet(system: System): Promise<void> {
  await until(async () => (await countOpen(system.sql)) === 0, {
    timeoutMs: QUIET_MS,
    everyMs: 500,
    what: 'everything to be settled',
  }).catch(() => undefined);
}

function timesOf({ told }: LoadResult, arrivals: readonly Arrival[], faultEndedAt: number) {
  const began = Math.min(...told.map(({ at }) => at));
  const accepted = told.map(({ at }) => at);
  const ended = accepted.reduce((latest, at) => Math.max(latest, at), began);
  const first = new Map<string, number>();
  for (const { to, at } of arrivals) if (!first.has(to)) first.set(to, at);
  const before = told.filter(({ at, item }) => at <= faultEndedAt && !item.scheduled);
  const arrivedAt = ({ item }: (typeof told)[number]) =>
    Math.min(...item.to.map((address) => first.get(address) ?? Number.POSITIVE_INFINITY));
  const times = before.map(arrivedAt).filter(Number.isFinite);
  const lastArrival = times.reduce((latest, at) => Math.max(latest, at), 0);
  const during = arrivals.map(({ at }) => at).filter((at) => at <= ended);
  return {
    longestGap: { accepting: longestGap(accepted), delivering: longestGap([...during, ended]) },
    recovery: Math.max(0, lastArrival - faultEndedAt) / 1000,
  };
}

/** In seconds; `times` in milliseconds, in any order. */
function longestGap(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted.reduce((longest, at, n) => Math.max(longest, at - (sorted[n - 1] ?? at)), 0) / 1000;
}
