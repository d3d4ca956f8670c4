import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery, type OutcomeRecord } from '@herald/db';
import { postpone } from '@herald/domain';
import { identity } from './attempt-record';
import { type DecideDeps, decide } from './decide';
import { type DeliveryMetrics } from './metrics';
import { waitForProvider } from './routing/provider-wait';
import { type Route } from './routing/router';

/** Why no provider was called. */
export type NoCall = Exclude<Route<Channel>, { kind: 'call' }> | { kind: 'unprocessable'; detail: string };

type Deps = DecideDeps & { metrics: DeliveryMetrics };

/** What becomes of a delivery that no provider was called for. */
export function settleWithoutCall(deps: Deps, delivery: ClaimedDelivery, why: NoCall): OutcomeRecord {
  switch (why.kind) {
    case 'none':
      return dead(deps, delivery, 'no_provider', 'no_provider');
    case 'unusable':
      return dead(deps, delivery, 'provider_misconfigured', 'settings_unusable');
    case 'unprocessable':
      return dead(deps, delivery, 'unprocessable', 'unprocessable', why.detail);
    case 'wait': {
      const delayMs = waitForProvider(why, delivery, deps.now(), deps.random());
      deps.metrics.postponed.inc({ channel: delivery.channel, reason: why.reason });
      const settlement = postpone({
        reason: why.reason,
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

/** A dead letter before any provider was called; logged as an attempt by `herald` so that the detail can be read. */
function dead(
  deps: Deps,
  delivery: ClaimedDelivery,
  reason: 'unprocessable' | 'no_provider' | 'provider_misconfigured',
  code: string,
  detail?: string,
): OutcomeRecord {
  const outcome = reason === 'unprocessable' ? 'permanent-content' : 'config-halt';
  return decide(deps, delivery, {
    outcome: { outcome, reason, code, detail },
    call: { provider: 'herald', startedAt: new Date(deps.now()), durationMs: 0 },
  });
}
