import { type Channel, type DeliveryPolicy } from '@herald/contracts';
import { type AttemptRecord, type ClaimedDelivery, type DeadTarget, type OutcomeRecord } from '@herald/db';
import { type SendOutcome } from '@herald/domain';
import { attemptRecord, type CallFacts } from './attempt-record';
import { type Call, type CallDeps, callProvider } from './call-provider';
import { type Target } from './channel';
import { type DecideDeps, decide } from './decide';
import { type Route } from './routing/router';
import { settleWithoutCall } from './settle-without-call';

interface Routed<C extends Channel> {
  target: Target<C>;
  route: Route<C>;
}

type Tried<C extends Channel> =
  | { kind: 'called'; target: Target<C>; part: number; route: Call<C>; outcome: SendOutcome; call: CallFacts }
  | { kind: 'not called'; target: Target<C>; part: number; route: Exclude<Route<C>, Call<C>> };

/**
 * One attempt at a delivery with several targets: all at once, each with an entry in the log. It is sent when one of them
 * was accepted, for then the recipient is reached: those that failed for the moment are not tried again, since by then the
 * message was seen elsewhere. Otherwise the most hopeful outcome decides for all.
 */
export async function attemptTargets<C extends Channel>(
  deps: CallDeps & DecideDeps,
  delivery: ClaimedDelivery,
  routed: readonly Routed<C>[],
  stopping: AbortSignal,
): Promise<OutcomeRecord> {
  const tried = await Promise.all(
    routed.map(({ target, route }, part) => tryTarget(deps, delivery, { target, route, part }, stopping)),
  );
  const deciding = decidingOf(tried, delivery.policy);
  const record =
    deciding.kind === 'called'
      ? ofOneTarget(decide(deps, delivery, deciding), deciding)
      : withPart(settleWithoutCall(deps, delivery, deciding.route), deciding.part);
  const others = tried.filter((each) => each !== deciding);
  const leftBehind = record.state === 'sent' ? others.flatMap((each) => notCalledRecord(deps, each)) : [];
  return {
    ...record,
    others: [...others.flatMap((each) => (each.kind === 'called' ? [recordOf(each)] : [])), ...leftBehind],
    dead: tried.flatMap((each) => (each.kind === 'called' ? deadTarget(each) : [])),
  };
}

async function tryTarget<C extends Channel>(
  deps: CallDeps,
  delivery: ClaimedDelivery,
  { target, route, part }: Routed<C> & { part: number },
  stopping: AbortSignal,
): Promise<Tried<C>> {
  if (route.kind !== 'call') return { kind: 'not called', target, part, route };
  const message = { route, message: target.message };
  return { kind: 'called', target, part, route, ...(await callProvider(deps, delivery, message, stopping)) };
}

type Hope = SendOutcome['outcome'] | Exclude<Route<Channel>['kind'], 'call'>;

const MOST_HOPEFUL_FIRST: readonly Hope[] = [
  'accepted',
  'retry',
  'ambiguous',
  'wait',
  'config-halt',
  'unusable',
  'none',
  'permanent-content',
  'permanent-address',
];

/** The outcome that decides for all. What may be sent once only is not tried again when nobody knows of one target. */
function decidingOf<C extends Channel>(tried: readonly Tried<C>[], policy: DeliveryPolicy): Tried<C> {
  const rank = (each: Tried<C>) => {
    const hope = each.kind === 'called' ? each.outcome.outcome : each.route.kind;
    if (hope === 'ambiguous' && policy === 'at_most_once') return MOST_HOPEFUL_FIRST.indexOf('retry') - 0.5;
    return MOST_HOPEFUL_FIRST.indexOf(hope);
  };
  return tried.reduce((best, each) => (rank(each) < rank(best) ? each : best));
}

type Called<C extends Channel> = Extract<Tried<C>, { kind: 'called' }>;

/** The suppression is of the target: see `dead`. */
function ofOneTarget<C extends Channel>(record: OutcomeRecord, deciding: Called<C>): OutcomeRecord {
  const { suppress, suppressHint, ...rest } = record;
  return { ...rest, called: recordOf(deciding) };
}

/** Why nothing was called is logged, too, in the place of the target. */
function withPart(record: OutcomeRecord, part: number): OutcomeRecord {
  return record.called ? { ...record, called: { ...record.called, part } } : record;
}

/** A target that nobody was called for and that will not be tried again: the log says why, under the name of Herald. */
function notCalledRecord<C extends Channel>({ now }: DecideDeps, each: Tried<C>): AttemptRecord[] {
  if (each.kind === 'called') return [];
  const { part, target, route } = each;
  const why = WHY_NOT_CALLED[route.kind];
  const reason = route.kind === 'wait' ? route.reason : why.reason;
  return [
    {
      provider: 'herald',
      startedAt: new Date(now()),
      durationMs: 0,
      outcome: why.outcome,
      reason,
      code: reason,
      part,
      facts: target.facts,
    },
  ];
}

const WHY_NOT_CALLED = {
  wait: { outcome: 'retry', reason: 'breaker_open' },
  unusable: { outcome: 'config-halt', reason: 'provider_misconfigured' },
  none: { outcome: 'config-halt', reason: 'no_provider' },
} as const;

function recordOf<C extends Channel>({ outcome, call, part, target }: Called<C>): AttemptRecord {
  const record = attemptRecord(outcome, call);
  return { ...record, part, facts: { ...target.facts, ...record.facts } };
}

function deadTarget<C extends Channel>({ outcome, target }: Called<C>): DeadTarget[] {
  if (outcome.outcome !== 'permanent-address' || !outcome.suppress) return [];
  const { suppress: reason, goneSince } = outcome;
  const { addressKey, hint } = target;
  return [{ addressKey, reason, hint, since: goneSince === undefined ? undefined : new Date(goneSince) }];
}
