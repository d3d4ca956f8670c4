import { whole } from '../report/report';
import { median } from '../report/statistics';
import { textTable } from '../report/text-table';
import { SCENARIO_NAMES, type ScenarioName } from '../scenario/scenarios';
import { type Pair, type SizeResult } from './measure-sizes';

/** No less than this part of the throughput of empty tables. */
const TARGET = 0.9;

export interface SizeSummary {
  deliveries: number;
  bytesPerDelivery: number;
  scenarios: Record<ScenarioName, ScenarioSummary>;
}

export interface ScenarioSummary {
  emptyPerSecond: number;
  filledPerSecond: number;
  /** Medians of the ratios filled / empty, round by round, with their extremes. */
  throughput: Spread;
  p99: Spread;
  emptyP99Ms: number;
  filledP99Ms: number;
  /** CPU of all processes and of Postgres alone, filled / empty: it hardly depends on what else the machine does. */
  cpu: Spread;
  postgresCpu: Spread;
}

interface Spread {
  median: number;
  lowest: number;
  highest: number;
}

/** Medians over the rounds. Ratios are taken round by round: the machine's pace changes between them. */
export function summariseSizes(results: readonly SizeResult[]): SizeSummary[] {
  return results.map(({ deliveries, bytes, rounds }) => {
    const total = Object.values(bytes).reduce((sum, each) => sum + each, 0);
    const of = (name: ScenarioName) => scenarioSummary(rounds.map((round) => round[name]));
    return {
      deliveries,
      bytesPerDelivery: deliveries > 0 ? Math.round(total / deliveries) : 0,
      scenarios: { single: of('single'), batch: of('batch') },
    };
  });
}

function scenarioSummary(pairs: readonly Pair[]): ScenarioSummary {
  return {
    emptyPerSecond: median(pairs.map(({ empty }) => empty.perSecond)),
    filledPerSecond: median(pairs.map(({ filled }) => filled.perSecond)),
    throughput: spread(pairs.map(({ empty, filled }) => filled.perSecond / empty.perSecond)),
    p99: spread(pairs.map(({ empty, filled }) => filled.p99Ms / empty.p99Ms)),
    emptyP99Ms: median(pairs.map(({ empty }) => empty.p99Ms)),
    filledP99Ms: median(pairs.map(({ filled }) => filled.p99Ms)),
    cpu: spread(pairs.map(({ empty, filled }) => sum(filled.cpu) / sum(empty.cpu))),
    postgresCpu: spread(pairs.map(({ empty, filled }) => postgres(filled.cpu) / postgres(empty.cpu))),
  };
}

const sum = (figures: Record<string, number>) =>
  Object.values(figures).reduce((total, each) => total + each, 0);
const postgres = (figures: Record<string, number>) => figures.postgres ?? Number.NaN;

function spread(values: readonly number[]): Spread {
  return { median: median(values), lowest: Math.min(...values), highest: Math.max(...values) };
}

/** The figures for people. */
export function growthReport(sizes: readonly SizeSummary[]): string {
  const rows = sizes.flatMap((size) =>
    SCENARIO_NAMES.map((name) => {
      const figures = size.scenarios[name];
      return [
        whole(size.deliveries),
        name,
        whole(figures.emptyPerSecond),
        whole(figures.filledPerSecond),
        figures.throughput.median.toFixed(2),
        `${figures.throughput.lowest.toFixed(2)}–${figures.throughput.highest.toFixed(2)}`,
        figures.emptyP99Ms.toFixed(1),
        figures.filledP99Ms.toFixed(1),
        figures.cpu.median.toFixed(2),
        figures.postgresCpu.median.toFixed(2),
        figures.throughput.median >= TARGET ? 'yes' : 'no',
        size.bytesPerDelivery > 0 ? whole(size.bytesPerDelivery) : '–',
      ];
    }),
  );
  return textTable([
    [
      'deliveries',
      '',
      'empty/s',
      'filled/s',
      'ratio',
      'lowest to',
      'p99 ms',
      'p99 ms',
      'CPU',
      'Postgres',
      'ratio',
      'bytes per',
    ],
    [
      'in the tables',
      '',
      '',
      '',
      '',
      'highest',
      'empty',
      'filled',
      'ratio',
      'CPU ratio',
      `>= ${TARGET}`,
      'delivery',
    ],
    ...rows,
  ]);
}
