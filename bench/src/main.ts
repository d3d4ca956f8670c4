import { BACKPRESSURE_USAGE, runBackpressure } from './backpressure/run-backpressure';
import { UsageError } from './command-line';
import { GROWTH_USAGE, runGrowth } from './growth/run-growth';
import { ISOLATION_USAGE, runIsolation } from './isolation/run-isolation';
import { USAGE } from './options';
import { print } from './print';
import { runComparison } from './run-comparison';
import { runSockets, SOCKETS_USAGE } from './sockets/run-sockets';
import { Interrupted } from './start-and-use';

interface Command {
  usage: string;
  run(args: readonly string[]): Promise<void>;
}

/** What the first argument names: `npm run bench -- NAME …`; without a name it is the comparison with bare BullMQ. */
const COMMANDS = new Map<string, Command>([
  ['', { usage: USAGE, run: runComparison }],
  ['backpressure', { usage: BACKPRESSURE_USAGE, run: runBackpressure }],
  ['growth', { usage: GROWTH_USAGE, run: runGrowth }],
  ['isolation', { usage: ISOLATION_USAGE, run: runIsolation }],
  ['sockets', { usage: SOCKETS_USAGE, run: runSockets }],
]);

async function main(args: readonly string[]): Promise<number> {
  const [first = ''] = args;
  const name = first.startsWith('-') ? '' : first;
  const command = COMMANDS.get(name);
  if (!command) {
    const names = [...COMMANDS.keys()].filter(Boolean).join(', ');
    process.stderr.write(`"${name}" is not a measurement; there are: ${names}\n\n${USAGE}`);
    return 1;
  }
  if (args.includes('--help')) {
    print(command.usage);
    return 0;
  }
  try {
    await command.run(name === '' ? args : args.slice(1));
    return 0;
  } catch (error) {
    process.stderr.write(`${explain(error as Error)}\n`);
    if (error instanceof UsageError) process.stderr.write(`\n${command.usage}`);
    return 1;
  }
}

/** The stack of a fault; the message alone of what the caller did. */
function explain(error: Error): string | undefined {
  const known = error instanceof UsageError || error instanceof Interrupted;
  return known ? error.message : error.stack;
}

void main(process.argv.slice(2)).then((code) => process.exit(code));
