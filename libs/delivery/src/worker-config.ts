import { type RetryPolicy } from '@herald/domain';
import { Env } from '@herald/platform';
import { IsInt, IsOptional, IsString, IsUrl, Max, Min } from 'class-validator';

const HOUR_MS = 3_600_000;

const SHARE =
  'A tenant that is alone gets two thirds of them and the rest stays free for the next; several share them.';

/** How a channel's workers work; each worker service has its own values. */
export class WorkerConfig {
  @Env('WORKER_CONCURRENCY_CRITICAL', {
    description: `Provider calls at once in the critical lane, over all tenants. ${SHARE}`,
    default: 75,
  })
  @IsInt()
  @Min(1)
  @Max(1000)
  critical: number;

  @Env('WORKER_CONCURRENCY_DEFAULT', {
    description: `Provider calls at once in the default lane, over all tenants. ${SHARE}`,
    default: 75,
  })
  @IsInt()
  @Min(1)
  @Max(1000)
  default: number;

  @Env('WORKER_CONCURRENCY_BULK', {
    description: `Provider calls at once in the bulk lane, over all tenants. ${SHARE}`,
    default: 38,
  })
  @IsInt()
  @Min(1)
  @Max(1000)
  bulk: number;

  @Env('WORKER_ATTEMPT_TIMEOUT_MS', {
    description: 'Time for one call of a provider, in all.',
    default: 30_000,
  })
  @IsInt()
  @Min(100)
  @Max(300_000)
  attemptTimeoutMs: number;

  @Env('WORKER_LEASE_MS', {
    description:
      'How long a claimed delivery is left to a worker that shows no sign of life. Renewed while the worker lives.',
    default: 30_000,
  })
  @IsInt()
  @Min(1000)
  @Max(600_000)
  leaseMs: number;

  @Env('WORKER_PROVIDER_CACHE_MS', { description: 'How long provider settings are believed.', default: 5000 })
  @IsInt()
  @Min(1)
  @Max(300_000)
  providerCacheMs: number;

  @Env('WORKER_MAX_CONNECTIONS', { description: 'Connections to one provider at most.', default: 50 })
  @IsInt()
  @Min(1)
  @Max(1000)
  maxConnections: number;

  @Env('EGRESS_ALLOWED_TARGETS', {
    description:
      'Internal targets that URLs and SMTP hosts given by tenants may reach all the same: host names, host:port, ' +
      'addresses or CIDR ranges. Everything that is not on the public internet is refused otherwise.',
    default: [],
    example: 'hooks.internal,10.20.0.0/16',
  })
  @IsString({ each: true })
  allowedTargets: string[];

  @Env('EDGE_PUBLIC_URL', {
    description: 'Where providers reach the edge service. Without it no receipts are asked for.',
    example: 'https://edge.example.com',
    kind: 'string',
  })
  @IsOptional()
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  edgePublicUrl?: string;
}

/** Overrides of the channels' retry policies. */
export class RetryConfig {
  @Env('RETRY_MAX_ATTEMPTS', {
    description: 'Calls of a provider in all. Unset: per channel.',
    kind: 'number',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(100)
  maxAttempts?: number;

  @Env('RETRY_BASE_MS', {
    description: 'Upper bound of the first delay; doubles each time. Unset: per channel.',
    kind: 'number',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(HOUR_MS)
  baseMs?: number;

  @Env('RETRY_CAP_MS', { description: 'Upper bound of any delay. Unset: per channel.', kind: 'number' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(24 * HOUR_MS)
  capMs?: number;

  @Env('RETRY_BUDGET_MS', {
    description: 'No attempt begins later than this after the first was due. Unset: per channel.',
    kind: 'number',
  })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(14 * 24 * HOUR_MS)
  budgetMs?: number;
}

/** A channel's policy with the overrides that are set. */
export function withOverrides(policy: RetryPolicy, overrides: RetryConfig): RetryPolicy {
  return {
    ...policy,
    maxAttempts: overrides.maxAttempts ?? policy.maxAttempts,
    baseMs: overrides.baseMs ?? policy.baseMs,
    capMs: overrides.capMs ?? policy.capMs,
    budgetMs: overrides.budgetMs ?? policy.budgetMs,
  };
}
