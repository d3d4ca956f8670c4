import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricOptions<L extends string> {
  name: string;
  help: string;
  labels?: readonly L[];
}

export interface GaugeOptions<L extends string> extends MetricOptions<L> {
  /** Sets the gauge when it is scraped. Several may be added to one gauge, one per service in the process. */
  collect?: (gauge: Gauge<L>) => void | Promise<void>;
}

export interface HistogramOptions<L extends string> extends MetricOptions<L> {
  buckets?: readonly number[];
}

const NAME = /^herald_[a-z0-9_]+$/;
const SECONDS_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BYTES_BUCKETS = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216];

/**
 * The metrics of a process. Services that share a process share one `Metrics`: asking for a metric that exists gives
 * the existing one, and asking for it with another type or other labels is a bug and throws.
 */
export class Metrics {
  readonly registry = new Registry();
  private readonly collectors = new Map<string, ((gauge: Gauge) => void | Promise<void>)[]>();
  private collectsDefault = false;

  counter<const L extends string = never>(options: MetricOptions<L>): Counter<L> {
    if (!options.name.endsWith('_total')) throw new Error(`${options.name}: a counter ends in _total`);
    return this.getOrCreate(Counter<L>, options, {});
  }

  gauge<const L extends string = never>(options: GaugeOptions<L>): Gauge<L> {
    const collectors = this.collectors.get(options.name) ?? [];
    this.collectors.set(options.name, collectors);
    if (options.collect) collectors.push(options.collect as (gauge: Gauge) => void);
    return this.getOrCreate(Gauge<L>, options, {
      async collect(this: Gauge) {
        for (const collect of collectors) await collect(this);
      },
    });
  }

  /** Values in seconds or bytes, said by the name; another unit needs its own buckets. */
  histogram<const L extends string = never>(options: HistogramOptions<L>): Histogram<L> {
    const buckets = options.buckets ?? defaultBuckets(options.name);
    return this.getOrCreate(Histogram<L>, options, { buckets: [...buckets] });
  }

  /** Adds the figures of the process and of Node: CPU, memory, event-loop lag, garbage collection. */
  collectDefault(): void {
    if (this.collectsDefault) return;
    this.collectsDefault = true;
    collectDefaultMetrics({ register: this.registry });
  }

  /** The exposition format that Prometheus scrapes. */
  async render(): Promise<{ contentType: string; body: string }> {
    return { contentType: this.registry.contentType, body: await this.registry.metrics() };
  }

  private getOrCreate<M extends object, L extends string>(
    type: new (configuration: never) => M,
    { name, help, labels = [] }: MetricOptions<L>,
    extra: object,
  ): M {
    if (!NAME.test(name)) throw new Error(`${name}: a metric's name matches ${NAME.source}`);
    const existing = this.registry.getSingleMetric(name) as (M & { labelNames: string[] }) | undefined;
    if (!existing) {
      return new type({ name, help, labelNames: [...labels], registers: [this.registry], ...extra } as never);
    }
    if (!(existing instanceof type) || existing.labelNames.join() !== labels.join()) {
      throw new Error(`${name}: exists with another type or other labels`);
    }
    return existing;
  }
}

function defaultBuckets(name: string): readonly number[] {
  if (name.endsWith('_seconds')) return SECONDS_BUCKETS;
  if (name.endsWith('_bytes')) return BYTES_BUCKETS;
  throw new Error(`${name}: a histogram ends in _seconds or _bytes, or brings its buckets`);
}
