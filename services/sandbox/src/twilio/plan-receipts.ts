import type { ReceiptsAction, UndeliveredAction } from '../behaviours/behaviour';
import type { SmsStatus } from './sms-message';

/** A status an SMS will have, `atMs` milliseconds after it was accepted. */
export interface PlannedStatus {
  atMs: number;
  status: SmsStatus;
  errorCode: number | null;
}

const SENT_MS = 50;
const FINAL_MS = 150;

/** What becomes of an SMS: sent and delivered, unless a rule says otherwise. */
export function planStatuses(outcome: UndeliveredAction | undefined): PlannedStatus[] {
  const sent: PlannedStatus = { atMs: SENT_MS, status: 'sent', errorCode: null };
  if (outcome === undefined) return [sent, { atMs: FINAL_MS, status: 'delivered', errorCode: null }];
  const final: PlannedStatus = { atMs: FINAL_MS, status: outcome.status, errorCode: outcome.errorCode };
  return outcome.status === 'failed' ? [final] : [sent, final];
}

/** When each status is reported to the status callback. */
export function planReceipts(statuses: PlannedStatus[], rule: ReceiptsAction | undefined): PlannedStatus[] {
  switch (rule?.mode) {
    case undefined:
      return statuses;
    case 'none':
      return [];
    case 'late':
      return statuses.map((planned) => ({ ...planned, atMs: planned.atMs + rule.delayMs }));
    case 'doubled':
      return statuses.flatMap((planned) => [planned, { ...planned, atMs: planned.atMs + SENT_MS }]);
    case 'reordered': {
      const times = statuses.map((planned) => planned.atMs);
      return [...statuses]
        .reverse()
        .map((planned, index) => ({ ...planned, atMs: times[index] ?? FINAL_MS }));
    }
  }
}
