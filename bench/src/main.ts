import fs from 'node:fs';
import { type BenchOptions, readOptions, USAGE, UsageError } from './options';
import { describeMachine } from './report/machine';
import { report, whole } from './report/report';
import { type Round, summarise } from './report/summary';
import { runRound, warmUp } from './run-rounds';
import { type Stage, startStage } from './stage';
import { StopList } from './stop-list';

class Interrupted extends Error {}

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** `npm run bench`: Herald and bare BullMQ side by side on this machine. */
async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    print(USAGE);
    return 0;
  }
  const options = readOptions(process.argv.slice(2));
  const interrupted = signals();
  const stops = new StopList();
  const starting = startStage(options, stops);
  try {
    const stage = await Promise.race([starting, interrupted]);
    await Promise.race([bench(stage, options), stage.failed, interrupted]);
    return 0;
  } finally {
    // What is still being started can be stopped once it has started.
    await starting.catch(() => undefined);
    await stops.run();
  }
}

async function bench(stage: Stage, options: BenchOptions): Promise<void> {
  print(
    `${options.rounds} rounds, ${whole(options.count)} notifications a run, ${options.connections} connections, ` +
      `Redis is ${stage.redisKind}`,
  );
  await warmUp(stage, options);
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    rounds.push(await runRound(stage, options, round, print));
  }
  const [postgres] = await stage.db.rows<{ server_version: string }>('SHOW server_version');
  const summary = summarise(rounds, describeMachine(stage.redisKind, postgres?.server_version ?? ''));
  print(report(summary, rounds));
  if (options.json) fs.writeFileSync(options.json, `${JSON.stringify(summary, null, 2)}\n`);
}

/** Rejects on the first signal; the second ends the process at once. */
function signals(): Promise<never> {
  const interrupted = new Promise<never>((_resolve, reject) => {
    let asked = false;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (asked) process.exit(1);
        asked = true;
        reject(new Interrupted(`Stopped by ${signal}`));
      });
    }
  });
  interrupted.catch(() => undefined);
  return interrupted;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    const known = error instanceof UsageError || error instanceof Interrupted;
    process.stderr.write(`${known ? error.message : (error as Error).stack}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
    process.exit(1);
  },
);
