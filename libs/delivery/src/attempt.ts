import { type Channel } from '@herald/contracts';
import {
  type AttemptRecord,
  type ClaimedDelivery,
  type Database,
  maskAddress,
  type OutcomeRecord,
} from '@herald/db';
import { postpone, type RetryPolicy, type SendOutcome, type Settlement, settle } from '@herald/domain';
import { isUnavailable, type Logger } from '@herald/platform';
import { type ChannelDefinition } from './channel';
import { type MessageOf } from './message';
import { type DeliveryMetrics } from './metrics';
import { waitForProvider } from './routing/provider-wait';
import { type Route } from './routing/router';

export interface AttemptDeps<C extends Channel> {
  db: Database;
  channel: ChannelDefinition<C>;
  retryPolicy: RetryPolicy;
  /** Time for one call of a provider, in milliseconds. */
  timeoutMs: number;
  route(delivery: ClaimedDelivery, message: MessageOf[C]): Promise<Route<C>>;
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
  endpoint_disabled: 'endpoint_disabled',
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
  const { route, message } = prepared;

  const startedAt = deps.now();
  const began = performance.now();
  // Made when a provider asks for it: a timer and three objects that one without I/O need not pay for.
  let signal: AbortSignal | undefined;
  const { open } = route;
  const outcome = await route.call(() =>
    open.provider.send(message, {
      tenantId: delivery.tenantId,
      deliveryId: delivery.id,
      attempt: delivery.attempt,
      createdAt: delivery.createdAt.getTime(),
      get signal() {
        signal ??= AbortSignal.any([stopping, AbortSignal.timeout(deps.timeoutMs)]);
        return signal;
      },
      receiptUrl: deps.receiptUrl(open.id, delivery.id),
    }),
  );
  const durationMs = performance.now() - began;
  deps.metrics.attempts.inc({ channel: delivery.channel, provider: open.type, outcome: outcome.outcome });
  deps.metrics.providerSeconds.observe({ channel: delivery.channel, provider: open.type }, durationMs / 1000);
  const call = { provider: open.type, startedAt: new Date(startedAt), durationMs };
  return decide(deps, delivery, outcome, call, route);
}

type Call<C extends Channel> = Extract<Route<C>, { kind: 'call' }>;

/**
 * What is to be sent and by which provider, or what becomes of the delivery without a call. Until here nothing can have
 * been sent: when Postgres is away the delivery is given back untouched.
 */
async function prepare<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
): Promise<{ record: OutcomeRecord } | { route: Call<C>; message: MessageOf[C] }> {
  try {
    const rendered = await deps.channel.render(delivery, deps.db);
    if (!rendered.ok)
      return { record: dead(deps, delivery, 'unprocessable', 'unprocessable', rendered.detail) };
    const route = await deps.route(delivery, rendered.message);
    if (route.kind === 'call') return { route, message: rendered.message };
    return { record: withoutCall(deps, delivery, route) };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { record: { ...identity(delivery), state: 'queued', delayMs: GIVEN_BACK_MS } };
  }
}

function withoutCall<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
  route: Exclude<Route<C>, { kind: 'call' }>,
): OutcomeRecord {
  switch (route.kind) {
    case 'none':
      return dead(deps, delivery, 'no_provider', 'no_provider');
    case 'unusable':
      return dead(deps, delivery, 'provider_misconfigured', 'settings_unusable');
    case 'wait': {
      const delayMs = waitForProvider(route, delivery, deps.now(), deps.random());
      deps.metrics.postponed.inc({ channel: delivery.channel, reason: route.reason });
      const settlement = postpone({
        reason: route.reason,
        delayMs,
        budgetMs: deps.retryPolicy.budgetMs,
        firstDueAt: delivery.firstDueAt.getTime(),
        expiresAt: delivery.expiresAt?.getTime(),
        now: deps.now(),
      });
      // Whoever is well first may take it, also one that failed before.
      return { ...identity(delivery), ...settlement, tried: [] };
    }
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
  route?: Call<C>,
): OutcomeRecord {
  const settlement = settle({
    outcome,
    deliveryPolicy: delivery.policy,
    alternative: route?.alternative ?? false,
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
    ...(route && followUp(delivery, settlement, route)),
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

/** Whom the next attempt leaves out, and when that is due although this one went well. */
function followUp<C extends Channel>(
  delivery: ClaimedDelivery,
  settlement: Settlement,
  { open, alternative }: Call<C>,
): Pick<OutcomeRecord, 'tried' | 'receiptWaitMs'> {
  const tried = [...(delivery.tried ?? []), open.id];
  if (settlement.failover) return { tried };
  const { receiptWaitMs } = delivery;
  if (settlement.state !== 'sent' || receiptWaitMs === null || !open.hasReceipts || !alternative) return {};
  return { tried, receiptWaitMs };
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
  const { id, tenantId, toEndpoint, claim, attempt: number } = delivery;
  return { id, tenantId, toEndpoint, claim, attempt: number };
}
