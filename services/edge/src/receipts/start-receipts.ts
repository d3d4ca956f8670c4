import { type Database } from '@herald/db';
import { backgroundTask, type Logger, type Metrics } from '@herald/platform';
import { edgeMetrics } from '../metrics';
import { type ApplyCallbacksDeps, applyCallbacks } from './apply-callbacks';
import { CallbackApplier } from './callback-applier';
import { pollInbox } from './poll-inbox';
import { ReceiptInbox } from './receipt-inbox';
import { type TakeReceiptDeps } from './take-receipt-handler';

export interface ReceiptsOptions extends Pick<ApplyCallbacksDeps, 'findProvider'> {
  db: Database;
  logger: Logger;
  metrics: Metrics;
  /** How long a callback belongs to the process that took it, in milliseconds. */
  holdMs?: number;
  /** Pause between two looks for callbacks that nobody holds, in milliseconds. */
  pollEveryMs?: number;
  /** How many callbacks may wait in memory to be applied. */
  maxHeld?: number;
}

export interface RunningReceipts extends Pick<TakeReceiptDeps, 'store'> {
  /** Applies what waits; call it once no new requests come. */
  stop(): Promise<void>;
}

const DRAIN_MS = 3000;

/** Starts what takes callbacks in and what applies them. */
export function startReceipts({
  db,
  findProvider,
  logger,
  metrics,
  holdMs = 30_000,
  pollEveryMs = 1000,
  maxHeld = 1000,
}: ReceiptsOptions): RunningReceipts {
  const counted = edgeMetrics(metrics);
  const apply = (callbacks: Parameters<typeof applyCallbacks>[1]) =>
    applyCallbacks({ db, findProvider, metrics: counted }, callbacks);
  const applier = new CallbackApplier({ db, apply, metrics: counted, logger });
  const inbox = new ReceiptInbox({
    db,
    apply: (callback, until) => applier.apply(callback, until),
    holdMs,
    maxHeld,
  });
  const poller = backgroundTask(
    'receipt-inbox',
    pollEveryMs,
    (signal) => pollInbox({ db, applier, holdMs, metrics: counted }, signal),
    { logger },
  );
  return {
    store: (callback) => inbox.take(callback),
    stop: async () => {
      await Promise.all([poller.stop(), applier.drain(DRAIN_MS)]);
    },
  };
}
