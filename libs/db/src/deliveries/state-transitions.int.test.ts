import { canTransition, type DeliveryState } from '@herald/contracts';
import { useTestDatabase } from '@herald/testing';
import fc from 'fast-check';
import { type Database } from '../connection/database';
import { cancelNotification } from '../controlling/cancel-notification';
import { retryDelivery } from '../controlling/retry-delivery';
import { discardDeadLetters, replayDeadLetters } from '../dead-letters/settle-dead-letters';
import { type Accepted, acceptOne, connectForTest, newOwner } from '../reading/testing/notifications';
import { applyReceipt } from '../receipts/testing/apply-receipt';
import { promoteScheduled, ringOverdue } from '../scheduling/ring-due';
import { claimDeliveries } from './claim-deliveries';
import { findLostClaims } from './find-lost-claims';
import { type AttemptRecord, type OutcomeRecord, recordOutcomes } from './record-outcomes';

const database = useTestDatabase();
const owner = newOwner();
let db: Database;

/** A trigger notes every change of state, whichever statement makes it. */
const NOTE_TRANSITIONS = `
CREATE TABLE seen (was text NOT NULL, became text NOT NULL);
CREATE FUNCTION note_transition() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen VALUES (OLD.state, NEW.state);
  RETURN NULL;
END $$;
CREATE TRIGGER note_transition AFTER UPDATE ON deliveries FOR EACH ROW
  WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION note_transition()`;

beforeAll(async () => {
  db = await connectForTest(database.url);
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [owner.tenantId]);
  await db.rows(NOTE_TRANSITIONS);
});
afterAll(() => db.close());

const LANE = { channel: 'sms', lane: 'default', limit: 100, share: 100 } as const;

function call(outcome: AttemptRecord['outcome']): AttemptRecord {
  return { provider: 'twilio', startedAt: new Date(), durationMs: 1, outcome, code: 'code' };
}
type Outcome = Pick<OutcomeRecord, 'state' | 'reason' | 'delayMs' | 'called' | 'suppress'>;
const OUTCOMES: Record<string, Outcome> = {
  sent: { state: 'sent', called: call('accepted') },
  retryNow: { state: 'queued', reason: 'retry_scheduled', delayMs: 0, called: call('retry') },
  retrySoon: { state: 'queued', reason: 'retry_scheduled', delayMs: 60_000, called: call('ambiguous') },
  retryLater: { state: 'scheduled', reason: 'retry_scheduled', delayMs: 600_000, called: call('retry') },
  failed: { state: 'failed', reason: 'invalid_address', called: call('permanent-address') },
  dead: { state: 'dead', reason: 'retries_exhausted', called: call('retry') },
  skipped: { state: 'skipped', reason: 'suppressed_bounce' },
  expired: { state: 'expired', reason: 'expired' },
  released: { state: 'queued', delayMs: 0 },
};

interface World extends Accepted {
  /** Claims that were ever made, the lost ones included. */
  claims: { id: string; tenantId: string; claim: number; attempt: number }[];
}

const record = async (w: World, which: number, outcome: Outcome) => {
  const held = w.claims.at(-1 - (which % Math.max(1, w.claims.length)));
  if (held) await recordOutcomes(db, [{ ...held, ...outcome }]);
};
const claim = async (w: World, leaseMs: number) => {
  for (const { id, tenantId, claim: number, attempt } of await claimDeliveries(db, w.deliveryIds, leaseMs)) {
    w.claims.push({ id, tenantId, claim: number, attempt });
  }
};
const sooner = (w: World) =>
  db.rows(
    `UPDATE deliveries SET due_at = due_at - interval '2 hours', wake_at = wake_at - interval '2 hours' WHERE id = ANY($1)`,
    [w.deliveryIds],
  );

const upTo = (ms: number) => [{ tenantId: owner.tenantId, before: new Date(ms) }];

const STEPS: Record<string, (w: World) => Promise<unknown>> = {
  claim: (w) => claim(w, 60_000),
  claimAndLose: (w) => claim(w, 0),
  cancel: (w) => cancelNotification(db, owner, w.id),
  retry: (w) => retryDelivery(db, owner, w.deliveryIds[0] as string),
  replay: (w) => replayDeadLetters(db, owner, w.deliveryIds),
  discard: (w) => discardDeadLetters(db, owner, w.deliveryIds),
  promote: async (w) => {
    await sooner(w);
    await promoteScheduled(db, { lane: 'default', limit: 100 });
  },
  relay: async (w) => {
    await sooner(w);
    await ringOverdue(db, { ...LANE, bounds: upTo(Date.now() - 3_600_000) });
  },
  reap: async () => {
    const lost = await findLostClaims(db, { ...LANE, bounds: upTo(Date.now()) });
    if (lost.length > 0)
      await recordOutcomes(
        db,
        lost.map((l) => ({ ...l, ...(OUTCOMES.retryNow as Outcome) })),
      );
  },
  ...Object.fromEntries(
    Object.entries(OUTCOMES).flatMap(([name, outcome]) => [
      [name, (w: World) => record(w, 0, outcome)],
      [`${name}, late`, (w: World) => record(w, 1, outcome)],
    ]),
  ),
  ...Object.fromEntries(
    (['sent', 'undelivered', 'delivered'] as const).map((state) => [
      `receipt of ${state}`,
      (w: World) =>
        applyReceipt(db, {
          deliveryId: w.deliveryIds[0] as string,
          tenantId: owner.tenantId,
          channel: 'sms',
          state,
        }),
    ]),
  ),
};

/** What must hold of every row at any time. */
async function inconsistencies(w: World): Promise<unknown[]> {
  return db.rows(
    `SELECT d.state, d.due_at, d.wake_at, d.lease_until, d.attempts, l.delivery_id AS letter
     FROM deliveries d LEFT JOIN dead_letters l ON l.delivery_id = d.id
     WHERE d.id = ANY($1) AND NOT (
       (d.due_at IS NOT NULL) = (d.state IN ('queued', 'sending'))
       AND (d.wake_at IS NOT NULL) = (d.state = 'scheduled')
       AND (d.lease_until IS NOT NULL) = (d.state = 'sending')
       AND (l.delivery_id IS NOT NULL) = (d.state = 'dead')
       AND d.attempts BETWEEN d.attempts_before_replay
         AND (SELECT count(*) FROM attempts a WHERE a.delivery_id = d.id) + (d.state = 'sending')::integer)`,
    [w.deliveryIds],
  );
}

describe('the states of a delivery', () => {
  it('change only as the table says, whatever happens in whatever order', async () => {
    const step = fc.constantFrom(...Object.keys(STEPS));
    const attempt = fc.constantFrom(...Object.keys(OUTCOMES)).map((outcome) => ['promote', 'claim', outcome]);
    const names = fc
      .array(
        fc.oneof(
          step.map((name) => [name]),
          attempt,
        ),
        { minLength: 2, maxLength: 8 },
      )
      .map((some) => some.flat());
    await fc.assert(
      fc.asyncProperty(names, fc.boolean(), async (steps, scheduled) => {
        const sendAt = scheduled ? new Date(Date.now() + 3_600_000).toISOString() : undefined;
        const w: World = { ...(await acceptOne(db, owner, { sendAt })), claims: [] };
        for (const step of steps) {
          await STEPS[step]?.(w);
          expect({ step, odd: await inconsistencies(w) }).toEqual({ step, odd: [] });
        }
      }),
      { numRuns: 60 },
    );
    const seen = await db.rows<{ was: DeliveryState; became: DeliveryState }>(
      'SELECT DISTINCT was, became FROM seen',
    );
    expect(seen.filter(({ was, became }) => !canTransition(was, became))).toEqual([]);
    expect(seen.length).toBeGreaterThan(10);
  }, 60_000);
});
