import { type LoadResult } from '../load/load-result';
import { type CpuReading, cpuBetween, readCpu } from '../processes/cpu-time';
import { type ServedStage } from '../stage';
import { createRun, type Run } from './create-run';
import { type Scenario } from './scenarios';
import { sentCount, untilSent } from './settled';
import { acceptToSent, type Latency, verifyRun } from './verify-run';

export interface ScenarioResult {
  notifications: number;
  /** Delivered: from the first POST until the worker had recorded the last as sent. */
  perSecond: number;
  seconds: number;
  cpu?: CpuReading;
}

export interface LatencyResult extends Latency {
  /** Notifications per second that were posted. */
  perSecond: number;
  /** From when a request was due until its 202. */
  answerP50Ms: number;
  answerP99Ms: number;
  answerMaxMs: number;
  /** The longest time between two answers. */
  longestGapMs: number;
}

/** Posts as fast as the API answers and waits until all is delivered. @throws Error when not each was sent exactly once */
export async function runScenario(
  stage: ServedStage,
  scenario: Scenario,
  count: number,
  name: string,
): Promise<ScenarioResult> {
  const run = await createRun(stage.db, name);
  const { load, sentAt, cpu } = await post(stage, scenario, run, count);
  await verifyRun(stage.db, run, count);
  const seconds = (sentAt - load.startedAt) / 1000;
  return { notifications: count, perSecond: count / seconds, seconds, cpu };
}

/** Posts at a fixed rate for some seconds and says how long notifications took. */
export async function measureLatency(
  stage: ServedStage,
  scenario: Scenario,
  rate: { perSecond: number; seconds: number },
  name: string,
): Promise<LatencyResult> {
  const run = await createRun(stage.db, name);
  const requests = Math.max(1, Math.round((rate.perSecond * rate.seconds) / scenario.perRequest));
  const count = requests * scenario.perRequest;
  const { load } = await post(stage, scenario, run, count, rate.perSecond / scenario.perRequest);
  await verifyRun(stage.db, run, count);
  return {
    ...(await acceptToSent(stage.db, run)),
    perSecond: count / ((load.endedAt - load.startedAt) / 1000),
    answerP50Ms: load.answerP50Ms,
    answerP99Ms: load.answerP99Ms,
    answerMaxMs: load.answerMaxMs,
    longestGapMs: load.longestGapMs,
  };
}

async function post(
  stage: ServedStage,
  { path, perRequest, maxConnections }: Scenario,
  run: Run,
  count: number,
  perSecond?: number,
): Promise<{ load: LoadResult; sentAt: number; cpu?: CpuReading }> {
  const connections = Math.min(stage.connections, maxConnections);
  const target = { host: '127.0.0.1', port: stage.apiPort, path };
  const plan = { ...target, apiKey: run.apiKey, run: run.name, count, perRequest, connections, perSecond };
  await stage.load.call('prepare', plan);
  const before = await sentCount(stage.workerUrl);
  const cpuBefore = readCpu(stage.classes);
  const load = await stage.load.call('run', undefined);
  assertAccepted(load);
  const sentAt = await untilSent(stage.workerUrl, before, before + count);
  return { load, sentAt, cpu: cpuBetween(cpuBefore, readCpu(stage.classes)) };
}

function assertAccepted({ statuses }: LoadResult): void {
  const wrong = Object.entries(statuses).filter(([status]) => status !== '202');
  if (wrong.length === 0) return;
  const text = wrong.map(([status, times]) => `${status} (${times} times)`).join(', ');
  throw new Error(`The API was to answer 202 each time, and answered ${text}`);
}
