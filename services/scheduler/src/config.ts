import { RetryConfig } from '@herald/delivery';
import {
  Env,
  HttpConfig,
  LogConfig,
  Nested,
  PostgresConfig,
  RedisConfig,
  ShutdownConfig,
  TracingConfig,
} from '@herald/platform';
import { IsInt, Max, Min } from 'class-validator';

/** When the scheduler looks and how patient it is. */
export class TimingConfig {
  @Env('RELAY_EVERY_MS', {
    description: 'Pause between two looks for deliveries that no job rings for.',
    default: 1000,
  })
  @IsInt()
  @Min(50)
  @Max(60_000)
  relayEveryMs: number;

  @Env('RELAY_GRACE_MS', {
    description:
      'A delivery counts as lost by the queue when it is overdue by this much and nothing older waits.',
    default: 10_000,
  })
  @IsInt()
  @Min(500)
  @Max(600_000)
  relayGraceMs: number;

  @Env('PROMOTE_EVERY_MS', {
    description: 'Pause between two looks for deliveries whose sendAt has come.',
    default: 250,
  })
  @IsInt()
  @Min(20)
  @Max(60_000)
  promoteEveryMs: number;

  @Env('PARTITION_DAYS_AHEAD', { description: 'Daily partitions that exist ahead of time.', default: 7 })
  @IsInt()
  @Min(2)
  @Max(60)
  partitionDaysAhead: number;

  @Env('RETENTION_DAYS', {
    description:
      'Days (UTC) that notifications and all that belongs to them are kept after their own; 0 keeps them for ever.',
    default: 90,
  })
  @IsInt()
  @Min(0)
  @Max(3650)
  retentionDays: number;

  @Env('FEED_RETENTION_DAYS', {
    description:
      'Days that items stay in the in-app feeds unless they expire earlier, also when their notification is gone; 0 keeps ' +
      'them for ever.',
    default: 180,
  })
  @IsInt()
  @Min(0)
  @Max(3650)
  feedRetentionDays: number;

  @Env('TOP_TENANTS', {
    description:
      'Tenants with the most deliveries, and as many with the most failures, that metrics name each minute; 0 names none.',
    default: 10,
  })
  @IsInt()
  @Min(0)
  @Max(100)
  topTenants: number;
}

export class SchedulerConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => TracingConfig) tracing: TracingConfig;
  @Nested(() => PostgresConfig) postgres: PostgresConfig;
  @Nested(() => RedisConfig) redis: RedisConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
  @Nested(() => RetryConfig) retry: RetryConfig;
  @Nested(() => TimingConfig) timing: TimingConfig;
}
