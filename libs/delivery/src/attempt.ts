import { type Channel } from '@herald/contracts';
import {
  type AttemptRecord,
  type ClaimedDelivery,
  type Database,
  maskAddress,
  type OutcomeRecord,
} from '@herald/db';
import { type RetryPolicy, type SendOutcome, settle } from '@herald/domain';
import { isUnavailable, type Logger } from '@herald/platform';
import { type ChannelDefinition } from './channel';
import { type MessageOf } from './message';
import { type DeliveryMetrics } from './metrics';
import { type OpenProvider } from './provider-pool';

export interface AttemptDeps<C extends Channel> {
  db: Database;
  channel: ChannelDefinition<C>;
  retryPolicy: RetryPolicy;
  /** Time for one call of a provider, in milliseconds. */
  timeoutMs: number;
  pick(tenantId: string, live: boolean): Promise<OpenProvider<C> | undefined>;
  receiptUrl(providerId: string, deliveryId: string): string | undefined;
  metrics: DeliveryMetrics;
  logger: Logger;
  now(): number;
  random(): number;
}

/** What was given back is tried again after this. */
const GIVEN_BACK_MS = 1000;

const SUPPRESSED = {
  bounce: 'suppressed_bounce',
  complaint: 'suppressed_complaint',
  opt_out: 'suppressed_opt_out',
  endpoint_gone: 'suppressed_endpoint_gone',
  manual: 'suppressed_manually',
} as const;

/** Guard, render, send, decide: one attempt at one claimed delivery, as the record of what became of it. */
export async function attempt<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
  stopping: AbortSignal,
): Promise<OutcomeRecord> {
  const guarded = guard(delivery, deps.now());
  if (guarded) return guarded;
  const prepared = await prepare(deps, delivery);
  if ('record' in prepared) return prepared.record;
  const { open, message } = prepared;

  const startedAt = deps.now();
  const began = performance.now();
  // Made when a provider asks for it: a timer and three objects that one without I/O need not pay for.
  let signal: AbortSignal | undefined;
  const outcome = await open.provider.send(message, {
    tenantId: delivery.tenantId,
    deliveryId: delivery.id,
    attempt: delivery.attempt,
    createdAt: delivery.createdAt.getTime(),
    get signal() {
      signal ??= AbortSignal.any([stopping, AbortSignal.timeout(deps.timeoutMs)]);
      return signal;
    },
    receiptUrl: deps.receiptUrl(open.id, delivery.id),
  });
  const durationMs = performance.now() - began;
  deps.metrics.attempts.inc({ channel: delivery.channel, provider: open.type, outcome: outcome.outcome });
  deps.metrics.providerSeconds.observe({ channel: delivery.channel, provider: open.type }, durationMs / 1000);
  return decide(deps, delivery, outcome, { provider: open.type, startedAt: new Date(startedAt), durationMs });
}

/**
 * What is to be sent and by which provider, or what becomes of the delivery without a call. Until here nothing can have
 * been sent: when Postgres is away the delivery is given back untouched.
 */
async function prepare<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
): Promise<{ record: OutcomeRecord } | { open: OpenProvider<C>; message: MessageOf[C] }> {
  try {
    const rendered = await deps.channel.render(delivery, deps.db);
    if (!rendered.ok)
      return { record: dead(deps, delivery, 'unprocessable', 'unprocessable', rendered.detail) };
    const open = await pickProvider(deps, delivery);
    if (open === 'unusable') {
      return { record: dead(deps, delivery, 'provider_misconfigured', 'settings_unusable') };
    }
    if (!open) return { record: dead(deps, delivery, 'no_provider', 'no_provider') };
    return { open, message: rendered.message };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { record: { ...identity(delivery), state: 'queued', delayMs: GIVEN_BACK_MS } };
  }
}

/**
 * The tenant's provider. Settings that cannot be opened (a missing encryption key, a type that this worker does not know)
 * are a matter for people, and no provider was called: a dead letter, not a claim that is lost.
 */
async function pickProvider<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
): Promise<OpenProvider<C> | 'unusable' | undefined> {
  try {
    return await deps.pick(delivery.tenantId, delivery.live);
  } catch (error) {
    if (isUnavailable(error)) throw error;
    deps.logger.error({ err: error, tenantId: delivery.tenantId }, 'a provider cannot be opened');
    return 'unusable';
  }
}

/** What must not be sent is not: recorded with its reason and not counted as an attempt. */
function guard(delivery: ClaimedDelivery, now: number): OutcomeRecord | undefined {
  if (delivery.expiresAt && delivery.expiresAt.getTime() <= now) {
    return { ...identity(delivery), state: 'expired', reason: 'expired' };
  }
  if (delivery.suppressed)
    return { ...identity(delivery), state: 'skipped', reason: SUPPRESSED[delivery.suppressed] };
  return undefined;
}

function decide<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
  outcome: SendOutcome,
  call: Pick<AttemptRecord, 'provider' | 'startedAt' | 'durationMs'>,
): OutcomeRecord {
  const settlement = settle({
    outcome,
    deliveryPolicy: delivery.policy,
    retryPolicy: deps.retryPolicy,
    attempts: delivery.attemptsInPolicy,
    firstDueAt: delivery.firstDueAt.getTime(),
    expiresAt: delivery.expiresAt?.getTime(),
    now: deps.now(),
    random: deps.random(),
  });
  return {
    ...identity(delivery),
    ...settlement,
    suppressHint: settlement.suppress && maskAddress(delivery.channel, delivery.address),
    called: {
      ...call,
      outcome: outcome.outcome,
      code: outcome.code,
      detail: outcome.detail,
      facts: outcome.facts,
      ...(outcome.outcome === 'accepted'
        ? { providerMessageId: outcome.providerMessageId }
        : { reason: outcome.reason }),
    },
  };
}

/** A dead letter before any provider was called; logged as an attempt by `herald` so that the detail can be read. */
function dead<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
  reason: 'unprocessable' | 'no_provider' | 'provider_misconfigured',
  code: string,
  detail?: string,
): OutcomeRecord {
  const outcome = reason === 'unprocessable' ? 'permanent-content' : 'config-halt';
  return decide(
    deps,
    delivery,
    { outcome, reason, code, detail },
    { provider: 'herald', startedAt: new Date(deps.now()), durationMs: 0 },
  );
}

function identity(delivery: ClaimedDelivery) {
  return { id: delivery.id, tenantId: delivery.tenantId, claim: delivery.claim, attempt: delivery.attempt };
}
