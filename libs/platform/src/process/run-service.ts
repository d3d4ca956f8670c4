import { type LogConfig, type ShutdownConfig } from '../config/common-config';
import { type ConfigClass } from '../config/env';
import { ConfigError, configWarnings, type Environment, loadConfig } from '../config/load-config';
import { Health } from '../health/health';
import { healthMetrics } from '../health/health-metrics';
import { createLogger, flushLogger, type Logger } from '../log/create-logger';
import { Metrics } from '../metrics/metrics';
import { startTracing } from '../tracing/start-tracing';
import { type TracingConfig } from '../tracing/tracing-config';

export interface ServiceConfig {
  log: LogConfig;
  shutdown: ShutdownConfig;
  tracing?: TracingConfig;
}

export interface ServiceContext<C> {
  config: C;
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

export interface RunningService {
  /** Finishes or releases what runs, within the deadline. */
  stop(deadlineMs: number): Promise<void>;
}

export interface RunServiceOptions<C extends ServiceConfig> {
  name: string;
  configClass: ConfigClass<C>;
  env: Environment;
  start(context: ServiceContext<C>): Promise<RunningService>;
}

/** sysexits.h: something is wrong with the configuration. Restarting does not help. */
const EXIT_CONFIG = 78;
/** A crash leaves this long to release what is held; then the process is gone anyway. */
const CRASH_DEADLINE_MS = 3000;
/** What `stop` may take beyond its deadline before it counts as hanging. */
const GRACE_MS = 1000;
const FLUSH_DEADLINE_MS = 1000;
/** The last spans may take this long to reach the collector; part of `GRACE_MS`. */
const TRACES_DEADLINE_MS = 500;

/**
 * The life of a service process: configuration (all errors at once, exit 78), start, SIGTERM or SIGINT, stop within the
 * deadline, exit 0. A second signal exits at once. An unhandled error is fatal: it is logged and the process exits 1
 * after a quick stop, since nothing is known of its state.
 */
export async function runService<C extends ServiceConfig>(options: RunServiceOptions<C>): Promise<void> {
  let config: C;
  try {
    config = loadConfig(options.configClass, options.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${options.name}: ${error.message}\n`);
    process.exit(EXIT_CONFIG);
  }
  const logger = createLogger({ service: options.name, ...config.log });
  for (const warning of configWarnings(config)) logger.warn(warning);
  const life = new Life(logger, config.shutdown.deadlineMs);
  await life.run(async (health) => {
    const metrics = new Metrics();
    metrics.collectDefault();
    healthMetrics(metrics, health);
    const tracing = config.tracing && (await startTracing(options.name, config.tracing));
    const service = await options.start({ config, logger, metrics, health });
    return {
      stop: async (deadlineMs) => {
        await service.stop(deadlineMs);
        await tracing?.stop(TRACES_DEADLINE_MS);
      },
    };
  });
}

/** One run from start to exit. */
class Life {
  private readonly health = new Health();
  private service?: Promise<RunningService>;
  private ending = false;

  constructor(
    private readonly logger: Logger,
    private readonly deadlineMs: number,
  ) {}

  async run(start: (health: Health) => Promise<RunningService>): Promise<void> {
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => this.onSignal(signal));
    for (const event of ['uncaughtException', 'unhandledRejection']) {
      process.on(event, (error) => this.crash(error, event));
    }
    try {
      this.service = start(this.health);
      await this.service;
      this.logger.info('started');
    } catch (error) {
      this.service = undefined;
      await this.crash(error, 'start failed');
    }
  }

  private onSignal(signal: string): void {
    if (this.ending) process.exit(1);
    this.logger.info({ signal }, 'stopping');
    void this.end(0, this.deadlineMs);
  }

  private async crash(error: unknown, message: string): Promise<void> {
    this.logger.fatal({ err: error }, message);
    if (!this.ending) await this.end(1, Math.min(CRASH_DEADLINE_MS, this.deadlineMs));
  }

  private async end(code: number, deadlineMs: number): Promise<void> {
    this.ending = true;
    this.health.markStopping();
    const outcome = await within(deadlineMs + GRACE_MS, this.stop(deadlineMs));
    if (outcome === 'stopped') this.logger.info('stopped');
    else if (outcome === 'late') this.logger.error({ deadlineMs }, 'stopping took too long: work is left');
    await within(FLUSH_DEADLINE_MS, flushLogger(this.logger));
    process.exit(outcome === 'stopped' ? code : 1);
  }

  /** A service that is still starting is stopped once it has started. */
  private async stop(deadlineMs: number): Promise<'stopped' | 'failed'> {
    try {
      const service = await this.service;
      await service?.stop(deadlineMs);
      return 'stopped';
    } catch (error) {
      this.logger.error({ err: error }, 'stopping failed');
      return 'failed';
    }
  }
}

/** What the work gives, or `late` when it takes longer. */
async function within<T>(ms: number, work: Promise<T>): Promise<T | 'late'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
