import fs from 'node:fs';
import { type BenchOptions, readOptions } from './options';
import { print } from './print';
import { describeMachine } from './report/machine';
import { report, whole } from './report/report';
import { type Round, summarise } from './report/summary';
import { runRound, warmUp } from './run-rounds';
import { type Stage, startStage } from './stage';
import { startAndUse } from './start-and-use';

/** Herald and bare BullMQ side by side on this machine. */
export async function runComparison(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  await startAndUse(
    (stops) => startStage(options, stops),
    (stage) => Promise.race([compare(stage, options), stage.failed]),
  );
}

async function compare(stage: Stage, options: BenchOptions): Promise<void> {
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
