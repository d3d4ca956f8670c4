import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery, type Database, type OutcomeRecord } from '@herald/db';
import { type SuppressionReason } from '@herald/domain';
import { isUnavailable } from '@herald/platform';
import { identity } from './attempt-record';
import { attemptTargets } from './attempt-targets';
import { type Call, type CallDeps, callProvider } from './call-provider';
import { type ChannelDefinition, type Target } from './channel';
import { type DecideDeps, decide } from './decide';
import { type MessageOf } from './message';
import { type Route } from './routing/router';
import { settleWithoutCall } from './settle-without-call';

export interface AttemptDeps<C extends Channel> extends CallDeps, DecideDeps {
  db: Database;
  channel: ChannelDefinition<C>;
  route(delivery: ClaimedDelivery, message: MessageOf[C]): Promise<Route<C>>;
}

/** What was given back is tried again after this. */
const GIVEN_BACK_MS = 1000;

const SUPPRESSED = {
  bounce: 'suppressed_bounce',
  complaint: 'suppressed_complaint',
  opt_out: 'suppressed_opt_out',
  endpoint_gone: 'suppressed_endpoint_gone',
  unregistered: 'suppressed_unregistered',
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
  if ('targets' in prepared) return attemptTargets(deps, delivery, prepared.targets, stopping);
  const { outcome, call } = await callProvider(deps, delivery, prepared, stopping);
  return decide(deps, delivery, { outcome, call, route: prepared.route });
}

type Prepared<C extends Channel> =
  | { record: OutcomeRecord }
  | { route: Call<C>; message: MessageOf[C] }
  | { targets: { target: Target<C>; route: Route<C> }[] };

/**
 * What is to be sent and by which provider, or what becomes of the delivery without a call. Until here nothing can have
 * been sent: when Postgres is away the delivery is given back untouched.
 */
async function prepare<C extends Channel>(
  deps: AttemptDeps<C>,
  delivery: ClaimedDelivery,
): Promise<Prepared<C>> {
  try {
    const rendered = await deps.channel.render(delivery, deps.db);
    if (!rendered.ok) {
      if ('suppressed' in rendered) return { record: skipped(delivery, rendered.suppressed) };
      return {
        record: settleWithoutCall(deps, delivery, { kind: 'unprocessable', detail: rendered.detail }),
      };
    }
    if ('targets' in rendered) {
      const routed = rendered.targets.map(async (target) => ({
        target,
        route: await deps.route(delivery, target.message),
      }));
      return { targets: await Promise.all(routed) };
    }
    const route = await deps.route(delivery, rendered.message);
    if (route.kind === 'call') return { route, message: rendered.message };
    return { record: settleWithoutCall(deps, delivery, route) };
  } catch (error) {
    if (!isUnavailable(error)) throw error;
    return { record: { ...identity(delivery), state: 'queued', delayMs: GIVEN_BACK_MS } };
  }
}

/** What must not be sent is not: recorded with its reason and not counted as an attempt. */
function guard(delivery: ClaimedDelivery, now: number): OutcomeRecord | undefined {
  if (delivery.expiresAt && delivery.expiresAt.getTime() <= now) {
    return { ...identity(delivery), state: 'expired', reason: 'expired' };
  }
  return delivery.suppressed ? skipped(delivery, delivery.suppressed) : undefined;
}

function skipped(delivery: ClaimedDelivery, why: SuppressionReason | 'endpoint_disabled'): OutcomeRecord {
  return { ...identity(delivery), state: 'skipped', reason: SUPPRESSED[why] };
}
