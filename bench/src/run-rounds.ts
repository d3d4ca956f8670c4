import { type BenchOptions } from './options';
import { probeRaw, type RawResult } from './raw/probe-raw';
import { whole } from './report/report';
import { type Measured, type Round, ratioOf } from './report/summary';
import { measureLatency, runScenario, type ScenarioResult } from './scenario/run-scenario';
import { SCENARIOS, type ScenarioName } from './scenario/scenarios';
import { type Stage } from './stage';

const WARM_UP = 10_000;
const LATENCY_SECONDS = 5;

/**
 * Everything once, unmeasured: code is compiled, connections are open and the tables hold rows. Then ANALYZE, which
 * autovacuum would do a minute later, in the middle of a run.
 */
export async function warmUp(stage: Stage, { scenarios }: BenchOptions): Promise<void> {
  await probeRaw(stage, WARM_UP, 'raw-warm-up');
  for (const name of scenarios) await runScenario(stage, SCENARIOS[name], WARM_UP, `${name}-warm-up`);
  await stage.db.rows('ANALYZE');
}

/** RAW, single, RAW, batch, RAW, then the latencies at half of the rates just seen. */
export async function runRound(
  stage: Stage,
  { count, scenarios }: BenchOptions,
  round: number,
  log: (line: string) => void,
): Promise<Round> {
  let probes = 0;
  const probe = () => probeRaw(stage, count, `raw-${round}-${++probes}`);
  const done: [ScenarioName, { before: RawResult; run: ScenarioResult; after: RawResult }][] = [];
  let before = await probe();
  for (const name of scenarios) {
    const scenario = SCENARIOS[name];
    const run = await runScenario(stage, scenario, count * scenario.countFactor, `${name}-${round}`);
    const after = await probe();
    done.push([name, { before, run, after }]);
    before = after;
  }
  const result: Round = {};
  for (const [name, rates] of done) {
    const rate = { perSecond: rates.run.perSecond / 2, seconds: LATENCY_SECONDS };
    const latency = await measureLatency(stage, SCENARIOS[name], rate, `${name}-latency-${round}`);
    const measured = { ...rates, latency };
    result[name] = measured;
    log(`round ${round}  ${describe(name, measured)}`);
  }
  return result;
}

function describe(name: ScenarioName, measured: Measured): string {
  const { before, run, after, latency } = measured;
  return [
    `RAW ${whole(before.perSecond)}/s`,
    `${name} ${whole(run.perSecond)}/s`,
    `RAW ${whole(after.perSecond)}/s`,
    `ratio ${ratioOf(measured).toFixed(2)}`,
    `at ${whole(latency.perSecond)}/s accept to sent p50 ${latency.p50Ms.toFixed(1)} p99 ${latency.p99Ms.toFixed(1)} ms`,
  ].join('  ');
}
