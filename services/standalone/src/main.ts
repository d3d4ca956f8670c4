import { removeEmbeddedData } from '@herald/embedded';
import { ConfigError, createLogger, flushLogger, LogConfig, loadConfig } from '@herald/platform';
import { banner } from './banner';
import { AlreadyRunningError, DataFolder } from './data-folder';
import { readOptions, USAGE, UsageError } from './options';
import type { Standalone } from './start-standalone';

const STOP_DEADLINE_MS = 10_000;

/** `npm start`: from nothing to a running Herald with a page that shows what arrives. */
async function main(): Promise<void> {
  const began = performance.now();
  if (process.argv.includes('--help')) {
    process.stdout.write(USAGE);
    return;
  }
  const options = readOptions(process.argv.slice(2), process.env);
  const log = loadConfig(LogConfig, {
    LOG_LEVEL: 'warn',
    LOG_PRETTY: String(process.stdout.isTTY === true),
    ...process.env,
  });
  const logger = createLogger({ service: 'herald', ...log });
  const folder = DataFolder.take(options.dataDir);
  process.once('exit', () => folder.release());
  if (options.fresh) {
    await Promise.all([removeEmbeddedData(folder.postgres), removeEmbeddedData(folder.redis)]);
    folder.forgetSecrets();
  }
  // Loaded last: what is wrong with the command line, or with the folder, is said at once.
  const running = import('./start-standalone.js').then(({ startStandalone }) =>
    startStandalone({ ...options, folder, env: process.env, logger }),
  );
  stopOnSignals(running);
  const herald = await running;
  process.stdout.write(banner(herald, options.dataDir, performance.now() - began));

  function stopOnSignals(starting: Promise<Standalone>): void {
    let stopping = false;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (stopping) process.exit(1);
        stopping = true;
        process.stdout.write('\nStopping …\n');
        void starting
          .then((standalone) => standalone.stop(STOP_DEADLINE_MS))
          .catch((error) => logger.error({ err: error }, 'stopping failed'))
          .then(() => flushLogger(logger))
          .then(() => process.exit(0));
      });
    }
  }
}

main().catch((error: unknown) => {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${USAGE}`);
  else if (error instanceof AlreadyRunningError || error instanceof ConfigError)
    process.stderr.write(`${error.message}\n`);
  else
    process.stderr.write(
      `Herald could not start: ${error instanceof Error ? error.message : String(error)}\n`,
    );
  process.exit(1);
});
