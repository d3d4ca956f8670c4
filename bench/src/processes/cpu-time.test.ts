import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cpuBetween, readCpu } from './cpu-time';

let proc: string;
beforeEach(() => {
  proc = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-proc-'));
  fs.writeFileSync(path.join(proc, 'stat'), 'cpu  100 10 20 9999 50 1 2 3 0 0\ncpu0 1 2 3\n');
});
afterEach(() => fs.rmSync(proc, { recursive: true }));

function addProcess(pid: number, parent: number, [utime, stime, cutime, cstime]: number[], name = 'node') {
  fs.mkdirSync(path.join(proc, String(pid)), { recursive: true });
  const line = `${pid} (${name}) S ${parent} 1 1 0 -1 0 1 2 3 4 ${utime} ${stime} ${cutime} ${cstime} 20 0 1`;
  fs.writeFileSync(path.join(proc, String(pid), 'stat'), line);
}

it('counts a process, and with its children those that live and those that ended', () => {
  addProcess(10, 1, [5, 6, 1000, 1000], 'a (strange) name');
  addProcess(20, 1, [1, 2, 3, 4], 'postgres');
  addProcess(21, 20, [10, 20, 0, 0], 'postgres');
  addProcess(22, 20, [30, 40, 0, 0], 'postgres');
  const reading = readCpu(
    [
      { name: 'node', pid: 10 },
      { name: 'postgres', pid: 20, withChildren: true },
      { name: 'gone', pid: 99 },
    ],
    proc,
  );
  expect(reading).toEqual({ classes: { node: 110, postgres: 1100, gone: 0 }, machine: 1360 });
});

it('is not available without /proc', () => {
  expect(readCpu([], path.join(proc, 'nowhere'))).toBeUndefined();
  expect(cpuBetween(undefined, undefined)).toBeUndefined();
});

it('subtracts', () => {
  const before = { classes: { a: 10, b: 20 }, machine: 100 };
  const after = { classes: { a: 15, b: 50 }, machine: 300 };
  expect(cpuBetween(before, after)).toEqual({ classes: { a: 5, b: 30 }, machine: 200 });
});
