import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery } from '@herald/db';
import { type SendOutcome } from '@herald/domain';
import { endSpan, SpanKind, startSpan, traceparentOf } from '@herald/platform';
import { type CallFacts } from './attempt-record';
import { type MessageOf } from './message';
import { type DeliveryMetrics } from './metrics';
import { type Route } from './routing/router';

export interface CallDeps {
  /** Time for one call of a provider, in milliseconds. */
  timeoutMs: number;
  receiptUrl(providerId: string, deliveryId: string): string | undefined;
  metrics: DeliveryMetrics;
  now(): number;
}

/** A route that leads to a provider. */
export type Call<C extends Channel> = Extract<Route<C>, { kind: 'call' }>;

/** Calls a provider with one message, under the time that a call has. */
export async function callProvider<C extends Channel>(
  deps: CallDeps,
  delivery: ClaimedDelivery,
  { route, message }: { route: Call<C>; message: MessageOf[C] },
  stopping: AbortSignal,
): Promise<{ outcome: SendOutcome; call: CallFacts }> {
  const { open } = route;
  const startedAt = new Date(deps.now());
  const began = performance.now();
  // Made when a provider asks for it: a timer and three objects that one without I/O need not pay for.
  let signal: AbortSignal | undefined;
  const attributes = { 'herald.provider.type': open.type };
  const span = startSpan(`call ${open.type}`, delivery.traceparent, { kind: SpanKind.CLIENT, attributes });
  const traceparent = span ? traceparentOf(span) : (delivery.traceparent ?? undefined);
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
      traceparent,
    }),
  );
  endSpan(span, { 'herald.outcome': outcome.outcome }, failureOf(outcome));
  const durationMs = performance.now() - began;
  const labels = { channel: delivery.channel, provider: open.type };
  deps.metrics.attempts.inc({ ...labels, outcome: outcome.outcome });
  deps.metrics.providerSeconds.observe(labels, durationMs / 1000);
  return { outcome, call: { provider: open.type, startedAt, durationMs } };
}

function failureOf(outcome: SendOutcome): string | undefined {
  if (outcome.outcome === 'accepted') return undefined;
  return outcome.reason ?? outcome.outcome;
}
