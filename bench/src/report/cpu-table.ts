import { type CpuReading } from '../processes/cpu-time';
import { SCENARIO_NAMES } from '../scenario/scenarios';
import { type Round } from './summary';
import { textTable } from './text-table';

interface Run {
  items: number;
  seconds: number;
  cpu?: CpuReading;
}

/**
 * Where the time goes: CPU milliseconds per 1,000 notifications (which is microseconds per notification) by kind of
 * process, over all rounds. Empty where the system does not tell.
 */
export function cpuTable(rounds: readonly Round[]): string {
  const columns = columnsOf(rounds);
  const classes = Object.keys(columns[0]?.runs[0]?.cpu?.classes ?? {});
  if (classes.length === 0) return '';
  const line = (name: string, figure: (runs: readonly Run[]) => number, digits = 0) => [
    name,
    ...columns.map(({ runs }) => format(figure(runs), digits)),
  ];
  return textTable([
    ['CPU ms per 1,000', ...columns.map(({ title }) => title)],
    ...classes.map((name) => line(name, (runs) => perThousand(runs, (cpu) => cpu.classes[name] ?? 0))),
    line('all of these', (runs) => perThousand(runs, own)),
    line('cores kept busy by others', (runs) => coresOfOthers(runs), 2),
  ]);
}

function columnsOf(rounds: readonly Round[]): { title: string; runs: Run[] }[] {
  const all = rounds.flatMap((round) => Object.values(round));
  const probes = [...new Set(all.flatMap(({ before, after }) => [before, after]))];
  const raw = probes.map(({ jobs, seconds, cpu }) => ({ items: jobs, seconds, cpu }));
  const scenarios = SCENARIO_NAMES.map((name) => ({
    title: name,
    runs: rounds.flatMap((round) => {
      const run = round[name]?.run;
      return run ? [{ items: run.notifications, seconds: run.seconds, cpu: run.cpu }] : [];
    }),
  }));
  return [{ title: 'RAW', runs: raw }, ...scenarios.filter(({ runs }) => runs.length > 0)];
}

function perThousand(runs: readonly Run[], ms: (cpu: CpuReading) => number): number {
  const items = sum(runs, (run) => run.items);
  return (1000 * sum(runs, (run) => (run.cpu ? ms(run.cpu) : 0))) / items;
}

/** More than a little of this and the figures say more about the neighbours. */
function coresOfOthers(runs: readonly Run[]): number {
  const ms = sum(runs, ({ cpu }) => (cpu ? cpu.machine - own(cpu) : 0));
  return Math.max(0, ms / sum(runs, (run) => run.seconds * 1000));
}

function own(cpu: CpuReading): number {
  return Object.values(cpu.classes).reduce((total, ms) => total + ms, 0);
}

function sum(runs: readonly Run[], figure: (run: Run) => number): number {
  return runs.reduce((total, run) => total + figure(run), 0);
}

/** A process that took no part is a dash. */
function format(value: number, digits: number): string {
  return digits === 0 && value < 0.5 ? '–' : value.toFixed(digits);
}
