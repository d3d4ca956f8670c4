import {
  type ConfigCheck,
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
import { IsInt, Max, Min } from 'class-validator';

/** How many sockets there may be, and how patient the service is with each. */
export class SocketsConfig {
  @Env('REALTIME_MAX_SOCKETS', {
    description:
      'Sockets at once in this process; more are refused with 503. They come on top of HTTP_MAX_CONNECTIONS.',
    default: 20_000,
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxSockets: number;

  @Env('REALTIME_MAX_SOCKETS_PER_TENANT', {
    description: 'Sockets at once of one tenant in this process.',
    default: 20_000,
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxPerTenant: number;

  @Env('REALTIME_MAX_SOCKETS_PER_RECIPIENT', {
    description: 'Sockets at once of one recipient in this process: tabs and devices.',
    default: 20,
  })
  @IsInt()
  @Min(1)
  @Max(1000)
  maxPerRecipient: number;

  @Env('REALTIME_MESSAGES_PER_SECOND', {
    description: 'Messages that a client may send over one socket; twice as many at once.',
    default: 20,
  })
  @IsInt()
  @Min(1)
  @Max(1000)
  messagesPerSecond: number;

  @Env('REALTIME_POLL_MS', {
    description:
      'How often each connected feed is looked at for what Redis did not tell: the longest that news take when it loses ' +
      'a message. While Redis is away it is 2 seconds.',
    default: 20_000,
  })
  @IsInt()
  @Min(100)
  @Max(600_000)
  pollMs: number;

  @Env('REALTIME_PING_MS', {
    description: 'How often each socket is pinged. One that has not answered by the next ping is cut.',
    default: 30_000,
  })
  @IsInt()
  @Min(1000)
  @Max(600_000)
  pingMs: number;

  @Env('REALTIME_HELLO_TIMEOUT_MS', {
    description: 'How long a client may take to send its token.',
    default: 10_000,
  })
  @IsInt()
  @Min(100)
  @Max(60_000)
  helloTimeoutMs: number;

  @Env('REALTIME_SLOW_BYTES', {
    description: 'Bytes that wait for a client to read them before nothing more is sent to it.',
    default: 262_144,
  })
  @IsInt()
  @Min(1024)
  @Max(67_108_864)
  slowBytes: number;

  @Env('REALTIME_SLOW_TIMEOUT_MS', {
    description: 'How long a client may stay that far behind before its socket is closed.',
    default: 30_000,
  })
  @IsInt()
  @Min(100)
  @Max(600_000)
  slowTimeoutMs: number;

  @Env('REALTIME_DRAIN_MS', {
    description:
      'Over how long the sockets are closed when the service stops, so that clients do not all come back at once.',
    default: 10_000,
  })
  @IsInt()
  @Min(0)
  @Max(600_000)
  drainMs: number;
}

/** How often a recipient may ask, over HTTP and by marks of its sockets. */
export class FeedRequestsConfig {
  @Env('FEED_REQUESTS_PER_SECOND', {
    description: 'Requests that one recipient may send; each mark over a socket is one.',
    default: 10,
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  perSecond: number;

  @Env('FEED_REQUESTS_BURST', { description: 'Requests that one recipient may send at once.', default: 50 })
  @IsInt()
  @Min(1)
  @Max(100_000)
  burst: number;
}

export class RealtimeConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => TracingConfig) tracing: TracingConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
  @Nested(() => PostgresConfig) postgres: PostgresConfig;
  @Nested(() => RedisConfig) redis: RedisConfig;
  @Nested(() => CryptoConfig) crypto: CryptoConfig;
  @Nested(() => SocketsConfig) sockets: SocketsConfig;
  @Nested(() => RateLimitConfig) rateLimit: RateLimitConfig;
  @Nested(() => FeedRequestsConfig) requests: FeedRequestsConfig;

  check(): ConfigCheck {
    if (this.sockets.drainMs < this.shutdown.deadlineMs) return {};
    return {
      warnings: ['REALTIME_DRAIN_MS: is not below SHUTDOWN_DEADLINE_MS, so the last sockets are cut'],
    };
  }
}
