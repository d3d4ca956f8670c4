import { type Channel } from '@herald/contracts';
import { type ClaimedDelivery, maskAddress, type OutcomeRecord } from '@herald/db';
import { type RetryPolicy, type SendOutcome, settle } from '@herald/domain';
import { attemptRecord, type CallFacts, identity } from './attempt-record';
import { type Call } from './call-provider';

export interface DecideDeps {
  retryPolicy: RetryPolicy;
  now(): number;
  random(): number;
}

/** What becomes of a delivery after the call that decides. */
export function decide<C extends Channel>(
  deps: DecideDeps,
  delivery: ClaimedDelivery,
  { outcome, call, route }: { outcome: SendOutcome; call: CallFacts; route?: Call<C> },
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
    called: attemptRecord(outcome, call),
  };
}

/** Whom the next attempt leaves out, and when that is due although this one went well. */
function followUp<C extends Channel>(
  { tried, receiptWaitMs }: ClaimedDelivery,
  { state, failover }: ReturnType<typeof settle>,
  { open, alternative }: Call<C>,
): Pick<OutcomeRecord, 'tried' | 'receiptWaitMs'> {
  const withThis = () => [...(tried ?? []), open.id];
  if (failover) return { tried: withThis() };
  if (state !== 'sent' || receiptWaitMs === null || !open.hasReceipts || !alternative) return {};
  return { tried: withThis(), receiptWaitMs };
}
