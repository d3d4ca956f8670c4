import fs from 'node:fs';
import { type ChaosOptions, readOptions, USAGE, UsageError } from './options';
import { describeMachine, table, troubles } from './report';
import { runScenario, type ScenarioResult } from './run-scenario';

const print = (line: string) => void process.stdout.write(`${line}\n`);

/** `npm run chaos`: faults, one after another, and three ledgers that must agree. Ends with 1 when they do not. */
async function main(): Promise<number> {
  if (process.argv.includes('--help')) {
    print(USAGE);
    return 0;
  }
  const options = readOptions(process.argv.slice(2));
  const results: ScenarioResult[] = [];
  let [skipped, brokenOff] = [0, 0];
  for (const scenario of options.scenarios) {
    const reason = scenario.cannotRun?.();
    if (reason) {
      print(`${scenario.name}: not run: ${reason}`);
      skipped += 1;
      continue;
    }
    print(`${scenario.name}: ${scenario.title}`);
    const result = await runScenario(scenario, options).catch((error: Error) => error);
    // Such as a process that was not ready in time. The others are run all the same.
    if (result instanceof Error) {
      print(`  BROKEN OFF: ${result.stack}`);
      brokenOff += 1;
      continue;
    }
    results.push(result);
    if (options.json) writeJson(options.json, options, results);
    print(
      `  ${result.ok ? 'ok' : 'FAILED'}, ${result.accepted} accepted, ${result.retries} requests repeated`,
    );
    for (const [cause, count] of Object.entries(result.ambiguous))
      print(`  ${count} ambiguous attempts: ${cause}`);
    if (!result.ok) print(troubles(result));
  }
  print(`\n${table(results)}\n\n${describeMachine()}`);
  if (skipped > 0) print(`${skipped} not run`);
  if (brokenOff > 0) print(`${brokenOff} broken off`);
  return brokenOff === 0 && results.every(({ ok }) => ok) ? 0 : 1;
}

/** After each scenario, so that a run that is cut off has not been for nothing. */
function writeJson(
  file: string,
  { count, perSecond, seed, pace }: ChaosOptions,
  results: ScenarioResult[],
): void {
  const run = { date: new Date().toISOString(), machine: describeMachine(), count, perSecond, seed, pace };
  fs.writeFileSync(file, `${JSON.stringify({ ...run, results }, null, 2)}\n`);
}

// One for each process that is started, each of which has a listener.
process.setMaxListeners(0);
// Children are ended when this process exits.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof UsageError ? `${error.message}\n\n${USAGE}` : (error as Error).stack}\n`,
    );
    process.exit(1);
  },
);
