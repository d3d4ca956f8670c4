import { type RawResult } from '../raw/probe-raw';
import { type LatencyResult, type ScenarioResult } from '../scenario/run-scenario';
import { type ScenarioName } from '../scenario/scenarios';
import { type Machine } from './machine';
import { median } from './statistics';

/** One run of a scenario, with the probes before and after it. */
export interface Measured {
  before: RawResult;
  run: ScenarioResult;
  after: RawResult;
  latency: LatencyResult;
}

export type Round = Partial<Record<ScenarioName, Measured>>;

export interface ScenarioSummary {
  /** Notifications delivered per second. */
  perSecond: number;
  /** The same, in units of what bare BullMQ managed right before and after. */
  ratio: number;
  /** From accepted to sent at half of that load. */
  p50Ms: number;
  p99Ms: number;
}

export type Summary = { raw: number; machine: Machine } & Partial<Record<ScenarioName, ScenarioSummary>>;

/** Medians over the rounds. The machine's pace changes from second to second, so ratios are taken round by round. */
export function summarise(rounds: readonly Round[], machine: Machine): Summary {
  const all = rounds.flatMap((round) => Object.values(round));
  const raws = new Set(all.flatMap(({ before, after }) => [before, after]));
  return {
    raw: Math.round(median([...raws].map((probe) => probe.perSecond))),
    ...summaryOf('single', rounds),
    ...summaryOf('batch', rounds),
    machine,
  };
}

/** The scenario's rate in units of the mean of its two probes. */
export function ratioOf({ before, run, after }: Measured): number {
  return (2 * run.perSecond) / (before.perSecond + after.perSecond);
}

function summaryOf(name: ScenarioName, rounds: readonly Round[]) {
  const measured = rounds.flatMap((round) => round[name] ?? []);
  if (measured.length === 0) return {};
  return {
    [name]: {
      perSecond: Math.round(median(measured.map(({ run }) => run.perSecond))),
      ratio: rounded(median(measured.map(ratioOf)), 3),
      p50Ms: rounded(median(measured.map(({ latency }) => latency.p50Ms)), 1),
      p99Ms: rounded(median(measured.map(({ latency }) => latency.p99Ms)), 1),
    },
  };
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
