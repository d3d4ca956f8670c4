import { SCENARIO_NAMES, SCENARIOS } from '../scenario/scenarios';
import { cpuTable } from './cpu-table';
import { median } from './statistics';
import { type Measured, type Round, ratioOf, type Summary } from './summary';
import { textTable } from './text-table';

/** The figures for people. */
export function report(summary: Summary, rounds: readonly Round[]): string {
  const { machine } = summary;
  return [
    '',
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.platform}, Node ${machine.node}`,
    `Redis: ${machine.redis} · PostgreSQL ${machine.postgres}, durable · all on this machine`,
    '',
    resultTable(summary, rounds),
    '',
    cpuTable(rounds),
  ].join('\n');
}

function resultTable(summary: Summary, rounds: readonly Round[]): string {
  const scenarios = SCENARIO_NAMES.flatMap((name) => {
    const figures = summary[name];
    const measured = rounds.flatMap((round) => round[name] ?? []);
    if (!figures) return [];
    return [
      [
        SCENARIOS[name].title,
        whole(figures.perSecond),
        figures.ratio.toFixed(2),
        spread(measured),
        figures.p50Ms.toFixed(1),
        figures.p99Ms.toFixed(1),
        median(measured.map(({ latency }) => latency.answerP50Ms)).toFixed(1),
        median(measured.map(({ latency }) => latency.answerP99Ms)).toFixed(1),
      ],
    ];
  });
  return textTable([
    ['', '', '', 'lowest to', 'accept to sent', '', 'POST to 202', ''],
    ['', 'per second', 'x RAW', 'highest', 'p50 ms', 'p99 ms', 'p50 ms', 'p99 ms'],
    ['RAW: bare BullMQ', whole(summary.raw), '1.00'],
    ...scenarios,
  ]);
}

function spread(measured: readonly Measured[]): string {
  const ratios = measured.map(ratioOf);
  return `${Math.min(...ratios).toFixed(2)}–${Math.max(...ratios).toFixed(2)}`;
}

export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}
