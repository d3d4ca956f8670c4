import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const EARLY = path.resolve(__dirname, 'early-signals.js');

/** Starts a program that says when it runs, and sends it a signal then. */
async function signalled(program: string, signal: NodeJS.Signals): Promise<unknown[]> {
  const code = `${program}; setInterval(() => undefined, 1000); console.log('runs')`;
  const child: ChildProcess = spawn(process.execPath, ['--require', EARLY, '-e', code]);
  await once(child.stdout!, 'data');
  child.kill(signal);
  return once(child, 'exit');
}

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('%s ends a process that does not listen yet', async (signal, code) => {
  expect(await signalled('', signal)).toEqual([code, null]);
});

it.each(['SIGTERM', 'SIGINT'] as const)('%s is left to who listens', async (signal) => {
  const listen = `process.on('${signal}', () => setTimeout(() => process.exit(7), 50))`;
  expect(await signalled(listen, signal)).toEqual([7, null]);
});
