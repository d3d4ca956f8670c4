import os from 'node:os';
import { type ScenarioResult } from './run-scenario';

const COLUMNS: readonly [string, (result: ScenarioResult) => string][] = [
  ['fault', ({ name }) => name],
  ['accepted', ({ accepted }) => accepted.toLocaleString('en')],
  ['lost', ({ lost }) => String(lost.length)],
  ['unexplained duplicates', ({ unexplained }) => String(unexplained.length)],
  ['explained duplicates', ({ explained }) => String(explained)],
  ['given up (at most once)', ({ givenUp }) => String(givenUp)],
  ['longest gap accepting', ({ longestGap }) => `${longestGap.accepting.toFixed(1)} s`],
  ['longest gap delivering', ({ longestGap }) => `${longestGap.delivering.toFixed(1)} s`],
  ['recovery', ({ recovery }) => `${recovery.toFixed(1)} s`],
  ['', ({ ok }) => (ok ? 'ok' : 'FAILED')],
];

/** The results as a table in Markdown. */
export function table(results: readonly ScenarioResult[]): string {
  const rows = [
    COLUMNS.map(([title]) => title),
    ...results.map((result) => COLUMNS.map(([, of]) => of(result))),
  ];
  const widths = COLUMNS.map((_, n) => Math.max(3, ...rows.map((row) => row[n]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join(' | ')} |`);
  lines.splice(1, 0, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`);
  return lines.join('\n');
}

const SHOWN = 20;

/** What went wrong, case by case. */
export function troubles(result: ScenarioResult): string {
  const { lost, unexplained, contradictions, surprises } = result;
  return Object.entries({ lost, unexplained, contradictions, surprises })
    .filter(([, cases]) => cases.length > 0)
    .map(([kind, cases]) =>
      [`${result.name}: ${cases.length} ${kind}`, ...cases.slice(0, SHOWN)].join('\n  '),
    )
    .join('\n');
}

/** The machine in one line. */
export function describeMachine(): string {
  const [cpu] = os.cpus();
  return `${os.cpus().length} × ${cpu?.model.trim()}, ${Math.round(os.totalmem() / 2 ** 30)} GB, ${os.platform()} ${os.arch()}, Node ${process.version}`;
}
