import { ADMIN_LIMITS, type NotSettledDeadLetterDto } from '@herald/contracts';
import {
  type Database,
  type DeadLetterOwner,
  type DeadLetterResult,
  MAX_DEAD_LETTERS_PER_CALL,
  pickDeadLetters,
} from '@herald/db';
import { type DeadLetterSelection } from './select-dead-letters';

/** A dead letter that was replayed or discarded. */
export type SettledDeadLetter = Extract<DeadLetterResult, { outcome: 'settled' }>;

export interface SettleSteps {
  settle(db: Database, owner: DeadLetterOwner, ids: readonly string[]): Promise<DeadLetterResult[]>;
  /** Told of each batch once it is durable. */
  onSettled(letters: readonly SettledDeadLetter[]): Promise<void>;
}

/**
 * Replays or discards the selected dead letters of an owner in batches, each of which is durable by itself. Gives how
 * many were settled, and the first of those that were not.
 */
export async function settleSelected(
  db: Database,
  owner: DeadLetterOwner,
  selection: DeadLetterSelection,
  { settle, onSettled }: SettleSteps,
): Promise<{ settled: number; left: NotSettledDeadLetterDto[] }> {
  const left: NotSettledDeadLetterDto[] = [];
  let settled = 0;
  const take = async (ids: readonly string[]) => {
    const results = await settle(db, owner, ids);
    const done = results.filter((result) => result.outcome === 'settled');
    for (const { id, outcome } of results) {
      if (outcome !== 'settled' && left.length < ADMIN_LIMITS.deadLettersReported)
        left.push({ id, reason: outcome });
    }
    settled += done.length;
    if (done.length > 0) await onSettled(done);
  };
  if (selection.kind === 'ids') {
    for (const ids of chunks(selection.ids)) await take(ids);
    return { settled, left };
  }
  let after: string | undefined;
  while (settled < selection.limit) {
    const limit = Math.min(MAX_DEAD_LETTERS_PER_CALL, selection.limit - settled);
    const ids = await pickDeadLetters(db, owner, selection.filter, { limit, after });
    if (ids.length === 0) break;
    await take(ids);
    after = ids.at(-1);
  }
  return { settled, left };
}

function* chunks(ids: readonly string[]): Generator<string[]> {
  for (let at = 0; at < ids.length; at += MAX_DEAD_LETTERS_PER_CALL) {
    yield ids.slice(at, at + MAX_DEAD_LETTERS_PER_CALL);
  }
}
