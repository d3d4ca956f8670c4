/**
 * Seconds where production has minutes, so that what has to be waited for fits into a run, and retries without end, so
 * that an outage makes no dead letters. Everything else is as it is by default.
 */
export const SETTINGS = {
  NODE_ENV: 'production',
  LOG_LEVEL: 'warn',
  DATABASE_POOL_SIZE: '4',
  WORKER_LEASE_MS: '5000',
  WORKER_ATTEMPT_TIMEOUT_MS: '8000',
  RETRY_MAX_ATTEMPTS: '100',
  RETRY_BASE_MS: '200',
  RETRY_CAP_MS: '3000',
  RELAY_EVERY_MS: '500',
  RELAY_GRACE_MS: '4000',
  SHUTDOWN_DEADLINE_MS: '10000',
  EGRESS_ALLOWED_TARGETS: '127.0.0.1',
} as const;

/** How long a worker may be silent before its deliveries go to others, in milliseconds. */
export const LEASE_MS = Number(SETTINGS.WORKER_LEASE_MS);
