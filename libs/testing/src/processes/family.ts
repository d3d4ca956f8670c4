import { execFileSync } from 'node:child_process';

/** The process, its children, theirs, and so on, as far as they run now. */
export function familyOf(pid: number): number[] {
  const parents = processTable();
  const family = [pid];
  for (const member of family) {
    for (const [child, parent] of parents) if (parent === member) family.push(child);
  }
  return family.filter((member) => parents.has(member));
}

/** Those that still run; a zombie that nobody has asked for its end does not. */
export function stillRunning(pids: readonly number[]): number[] {
  const running = processTable();
  return pids.filter((pid) => running.has(pid));
}

/** Parents by process id. */
function processTable(): Map<number, number> {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' }).trim().split('\n');
  const rows = lines.map((line) => line.trim().split(/\s+/) as [string, string, string]);
  return new Map(
    rows.filter(([, , stat]) => !stat.startsWith('Z')).map(([pid, parent]) => [Number(pid), Number(parent)]),
  );
}
