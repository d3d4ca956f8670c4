import {
  CryptoConfig,
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
import { IsString, MinLength } from 'class-validator';

/** The shortest admin key that is taken: it opens everything. */
const ADMIN_KEY_CHARS = 24;

export class AdminApiConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => TracingConfig) tracing: TracingConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
  @Nested(() => PostgresConfig) postgres: PostgresConfig;
  @Nested(() => RedisConfig) redis: RedisConfig;
  @Nested(() => CryptoConfig) crypto: CryptoConfig;
  @Nested(() => RateLimitConfig) rateLimit: RateLimitConfig;

  @Env('HERALD_ADMIN_KEY', {
    description: 'The key of the operator: creates tenants and acts on any of them.',
    secret: true,
  })
  @IsString()
  @MinLength(ADMIN_KEY_CHARS)
  adminKey: string;
}
