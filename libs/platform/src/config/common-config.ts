import {
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUrl,
  isURL,
  Max,
  Min,
  ValidateBy,
} from 'class-validator';
import ipaddr from 'ipaddr.js';
import { parseEncryptionKeys } from '../crypto/encryption-keys';
import { LOG_LEVELS, type LogLevel } from '../log/create-logger';
import { Env } from './env';
import { type ConfigCheck } from './load-config';

const DATABASE_PROTOCOLS = ['postgres', 'postgresql'];
const REDIS_PROTOCOLS = ['redis', 'rediss'];
const REDIS_MODES = ['single', 'sentinel', 'cluster'] as const;
const MINUTE_MS = 60_000;
const ADDRESS_GROUPS = ['loopback', 'linklocal', 'uniquelocal'];

/** Where a service listens and how patient it is with clients. */
export class HttpConfig {
  @Env('HOST', { description: 'Address to listen on.', default: '0.0.0.0' })
  @IsString()
  host: string;

  @Env('PORT', { description: 'Port to listen on; 0 takes a free one.', default: 3000 })
  @IsInt()
  @Min(0)
  @Max(65535)
  port: number;

  @Env('TRUST_PROXY', {
    description:
      'Proxies whose X-Forwarded-* headers are believed: addresses, CIDR ranges, or a number of hops.',
    default: [],
    example: 'loopback,10.0.0.0/8',
  })
  @ValidateBy(
    { name: 'trustProxy', validator: { validate: isTrustProxy } },
    {
      message: 'a number of hops, or a list of addresses, CIDR ranges, loopback, linklocal, uniquelocal',
    },
  )
  trustProxy: string[];

  @Env('HTTP_KEEP_ALIVE_TIMEOUT_MS', {
    description:
      'How long an idle connection stays open. Keep it above the idle time-out of the load balancer.',
    default: 65_000,
  })
  @IsInt()
  @Min(0)
  @Max(60 * MINUTE_MS)
  keepAliveTimeoutMs: number;

  @Env('HTTP_HEADERS_TIMEOUT_MS', {
    description: 'How long a client may take to send the headers of a request.',
    default: 10_000,
  })
  @IsInt()
  @Min(100)
  @Max(10 * MINUTE_MS)
  headersTimeoutMs: number;

  @Env('HTTP_REQUEST_TIMEOUT_MS', {
    description: 'How long a client may take to send a whole request.',
    default: 30_000,
  })
  @IsInt()
  @Min(100)
  @Max(60 * MINUTE_MS)
  requestTimeoutMs: number;

  @Env('HTTP_IDLE_TIMEOUT_MS', {
    description:
      'How long a connection may be silent while a request or its answer is under way: ends clients that do not read.',
    default: 120_000,
  })
  @IsInt()
  @Min(100)
  @Max(60 * MINUTE_MS)
  idleTimeoutMs: number;

  @Env('HTTP_MAX_CONNECTIONS', {
    description: 'Connections at once; more are closed. Keep it under the limit of open files.',
    default: 10_000,
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxConnections: number;

  check(): ConfigCheck {
    if (this.headersTimeoutMs <= this.requestTimeoutMs) return {};
    return { errors: ['HTTP_HEADERS_TIMEOUT_MS: is above HTTP_REQUEST_TIMEOUT_MS, wants at most that'] };
  }
}

/** How long a rate limit may take to be asked. */
export class RateLimitConfig {
  @Env('RATE_LIMIT_TIMEOUT_MS', {
    description: 'Time that Redis has to answer the rate limit; then the request is let through.',
    default: 100,
  })
  @IsInt()
  @Min(5)
  @Max(5000)
  timeoutMs: number;
}

export class LogConfig {
  @Env('LOG_LEVEL', {
    description: 'The least important level that is logged.',
    default: 'info',
    kind: 'string',
  })
  @IsIn(LOG_LEVELS)
  level: LogLevel;

  @Env('LOG_PRETTY', { description: 'Lines for people to read instead of JSON.', default: false })
  @IsBoolean()
  pretty: boolean;
}

export class PostgresConfig {
  @Env('DATABASE_URL', {
    description: 'PostgreSQL, where everything is kept.',
    example: 'postgres://herald:secret@localhost:5432/herald',
    secret: true,
  })
  @IsUrl({ protocols: DATABASE_PROTOCOLS, require_protocol: true, require_tld: false, require_host: false })
  url: string;

  @Env('DATABASE_POOL_SIZE', { description: 'Most connections this process opens.', default: 10 })
  @IsInt()
  @Min(1)
  @Max(1000)
  poolSize: number;

  @Env('DATABASE_STATEMENT_TIMEOUT_MS', {
    description: 'A statement that takes longer is canceled by the server.',
    default: 10_000,
  })
  @IsInt()
  @Min(100)
  @Max(10 * MINUTE_MS)
  statementTimeoutMs: number;

  @Env('DATABASE_CONNECT_TIMEOUT_MS', {
    description: 'How long to wait for a connection before a request is answered with 503.',
    default: 3000,
  })
  @IsInt()
  @Min(100)
  @Max(MINUTE_MS)
  connectTimeoutMs: number;
}

export class RedisConfig {
  @Env('REDIS_URL', {
    description:
      'Redis or Valkey, for queues and rate limits. Several Sentinels or nodes of a cluster with commas between; user, password, database and TLS are then those of the first URL.',
    example: 'redis://localhost:6379',
    secret: true,
  })
  @ValidateBy(
    { name: 'redisUrls', validator: { validate: isRedisUrls } },
    { message: 'a redis:// or rediss:// URL, or several with commas between them' },
  )
  url: string;

  @Env('REDIS_MODE', {
    description:
      'What REDIS_URL leads to: `single`, one server or the address of whichever is the primary; `sentinel`, Sentinels that know the primary; `cluster`, nodes of a Redis Cluster.',
    default: 'single',
    kind: 'string',
  })
  @IsIn(REDIS_MODES)
  mode: (typeof REDIS_MODES)[number];

  @Env('REDIS_SENTINEL_NAME', {
    description: 'What the Sentinels call the primary and its replicas.',
    default: 'mymaster',
  })
  @IsString()
  sentinelName: string;

  @Env('REDIS_SENTINEL_PASSWORD', {
    description: 'The password of the Sentinels themselves, where they have one.',
    secret: true,
  })
  @IsOptional()
  @IsString()
  sentinelPassword?: string;

  @Env('REDIS_QUEUE_PREFIX', {
    description: 'Starts the name of every queue key. The braces keep them in one slot of a Redis Cluster.',
    default: '{herald}',
  })
  @IsString()
  queuePrefix: string;

  check(): ConfigCheck {
    const urls = redisUrls(this.url);
    const errors: string[] = [];
    if (this.mode === 'single' && urls.length > 1)
      errors.push('REDIS_URL: has several URLs, wants one while REDIS_MODE is single');
    if (this.mode === 'cluster') {
      if (urls.some(({ pathname }) => pathname.length > 1 && pathname !== '/0'))
        errors.push('REDIS_URL: names a database, wants none: a cluster has only one');
      // As Redis has it: what is between the first { and the next } makes the slot, unless it is empty.
      if (!/^[^{]*\{[^}]+\}/.test(this.queuePrefix))
        errors.push(
          'REDIS_QUEUE_PREFIX: has no text in braces, wants one such as {herald}: it keeps keys together in a cluster',
        );
    }
    return { errors };
  }
}

export class ShutdownConfig {
  @Env('SHUTDOWN_DEADLINE_MS', {
    description:
      'How long running work may take to finish after SIGTERM. Keep it under the grace period of the orchestrator.',
    default: 25_000,
  })
  @IsInt()
  @Min(0)
  @Max(10 * MINUTE_MS)
  deadlineMs: number;
}

export class CryptoConfig {
  @Env('HERALD_ENCRYPTION_KEYS', {
    description: 'Keys for stored credentials, as id:base64 of 32 bytes. The first encrypts, all decrypt.',
    example: '2025a:<base64 of 32 random bytes>',
    secret: true,
  })
  @ValidateBy(
    { name: 'encryptionKeys', validator: { validate: isEncryptionKeys } },
    { message: 'a comma separated list of id:key, each key base64 of 32 bytes, each id once' },
  )
  encryptionKeys: string[];
}

function isEncryptionKeys(value: unknown): boolean {
  try {
    return parseEncryptionKeys(value as string[]).length > 0;
  } catch {
    return false;
  }
}

function isRedisUrls(value: unknown): boolean {
  const options = { protocols: REDIS_PROTOCOLS, require_protocol: true, require_tld: false };
  return typeof value === 'string' && splitRedisUrls(value).every((url) => isURL(url, options));
}

function redisUrls(value: string): URL[] {
  return splitRedisUrls(value).map((url) => new URL(url));
}

/** A comma may stand in a password, too. */
function splitRedisUrls(value: string): string[] {
  return value.split(/,\s*(?=rediss?:\/\/)/);
}

function isTrustProxy(value: unknown): boolean {
  const entries = value as string[];
  if (entries.length === 1 && /^\d{1,2}$/.test(entries[0] as string)) return true;
  return entries.every((e) => ADDRESS_GROUPS.includes(e) || ipaddr.isValid(e) || ipaddr.isValidCIDR(e));
}
