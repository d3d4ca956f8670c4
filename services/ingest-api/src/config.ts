import {
  Env,
  HttpConfig,
  LogConfig,
  Nested,
  PostgresConfig,
  RateLimitConfig,
  RedisConfig,
  ShutdownConfig,
  TracingConfig,
} from '@herald/platform';
import { IsInt, Max, Min } from 'class-validator';

/** How requests are taken in. */
export class IntakeConfig {
  @Env('IDEMPOTENCY_KEEP_MS', { description: 'How long idempotency keys are kept.', default: 86_400_000 })
  @IsInt()
  @Min(60_000)
  @Max(30 * 86_400_000)
  keepKeysMs: number;

  @Env('INTAKE_MAX_WAITING', {
    description: 'Notifications that may wait for their commit; more are refused with 503 and Retry-After.',
    default: 10_000,
  })
  @IsInt()
  @Min(1000)
  @Max(1_000_000)
  maxWaiting: number;

  @Env('INTAKE_TARGET_MS', {
    description:
      'How long an accepted request may take. When requests take longer, fewer are let in at once, and the others are ' +
      'refused with 503 and Retry-After.',
    default: 1000,
  })
  @IsInt()
  @Min(50)
  @Max(60_000)
  targetMs: number;

  @Env('INTAKE_MAX_BODY_BYTES', {
    description:
      'Bytes of request bodies in memory at once; more requests are refused with 503 and Retry-After.',
    default: 268_435_456,
  })
  @IsInt()
  @Min(33_554_432)
  maxBodyBytes: number;
}

export class IngestConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => TracingConfig) tracing: TracingConfig;
  @Nested(() => PostgresConfig) postgres: PostgresConfig;
  @Nested(() => RedisConfig) redis: RedisConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
  @Nested(() => RateLimitConfig) rateLimit: RateLimitConfig;
  @Nested(() => IntakeConfig) intake: IntakeConfig;
}
