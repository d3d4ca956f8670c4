import fs from 'node:fs';

/** Processes whose CPU time is counted together. */
export interface ProcessClass {
  name: string;
  pid: number;
  /** Also its child processes, those that ended meanwhile included: Postgres forks one per connection. */
  withChildren?: boolean;
}

/** CPU milliseconds used so far, by class and by the whole machine. */
export interface CpuReading {
  classes: Record<string, number>;
  machine: number;
}

/** Linux counts in hundredths of a second on every platform that Node runs on. */
const MS_PER_TICK = 10;

/** Reads /proc; undefined where there is none. */
export function readCpu(classes: readonly ProcessClass[], proc = '/proc'): CpuReading | undefined {
  if (!fs.existsSync(`${proc}/stat`)) return undefined;
  const figures = classes.map((each) => [each.name, classMs(each, proc)] as const);
  return { classes: Object.fromEntries(figures), machine: machineMs(proc) };
}

/** What was used between two readings. */
export function cpuBetween(before?: CpuReading, after?: CpuReading): CpuReading | undefined {
  if (!before || !after) return undefined;
  const figures = Object.entries(after.classes).map(
    ([name, ms]) => [name, ms - (before.classes[name] ?? 0)] as const,
  );
  return { classes: Object.fromEntries(figures), machine: after.machine - before.machine };
}

function classMs({ pid, withChildren }: ProcessClass, proc: string): number {
  const own = readStat(pid, proc);
  if (!own) return 0;
  if (!withChildren) return own.ms;
  const children = fs
    .readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readStat(Number(name), proc))
    .filter((stat) => stat?.parent === pid);
  return children.reduce((sum, stat) => sum + (stat?.ms ?? 0), own.ms + own.endedChildrenMs);
}

/** proc(5): the name in parentheses may hold anything, so fields are counted from behind it. */
function readStat(pid: number, proc: string) {
  let line: string;
  try {
    line = fs.readFileSync(`${proc}/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  const fields = line
    .slice(line.lastIndexOf(')') + 2)
    .split(' ')
    .map(Number);
  const [utime, stime, cutime, cstime] = fields.slice(11, 15) as [number, number, number, number];
  return {
    parent: fields[1],
    ms: (utime + stime) * MS_PER_TICK,
    endedChildrenMs: (cutime + cstime) * MS_PER_TICK,
  };
}

function machineMs(proc: string): number {
  const line = fs.readFileSync(`${proc}/stat`, 'utf8').split('\n', 1)[0] ?? '';
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user + nice + system + irq + softirq + steal) * MS_PER_TICK;
}
