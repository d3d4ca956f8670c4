import { type SendNotificationDto } from '@herald/contracts';
import { newId, planNotification } from '@herald/domain';
import { Database } from '../../connection/database';
import { type ClaimedDelivery, claimDeliveries } from '../../deliveries/claim-deliveries';
import { type AttemptRecord, type OutcomeRecord, recordOutcomes } from '../../deliveries/record-outcomes';
import { acceptNotifications } from '../../notifications/accept-notifications';
import { type Owner } from '../owner';

/** A connection as services have it. */
export function connectForTest(url: string): Promise<Database> {
  return Database.connect({
    url,
    poolSize: 10,
    statementTimeoutMs: 20_000,
    connectTimeoutMs: 5000,
    applicationName: 'test',
  });
}

export function newOwner(live = true): Owner {
  return { tenantId: newId(Date.now()), live };
}

export interface Accepted {
  id: string;
  /** By recipient, then as the request's channels stand. */
  deliveryIds: string[];
}

/** A request with an SMS for one recipient, unless something else is given. */
export type TestRequest = Partial<SendNotificationDto> & { now?: number };

/** Accepts notifications of one owner, all in one flush. */
export async function acceptAll(
  db: Database,
  owner: Owner,
  requests: readonly TestRequest[],
): Promise<Accepted[]> {
  const plans = requests.map(({ now = Date.now(), ...request }) => {
    const dto = { to: [{ phone: '+4915112345678' }], content: { sms: { body: 'Hello' } }, ...request };
    const plan = planNotification(dto, { tenantId: owner.tenantId, now });
    if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
    return plan.notification;
  });
  await acceptNotifications(
    db,
    plans.map((notification) => ({
      notification,
      apiKeyId: owner.tenantId,
      live: owner.live,
      response: '',
    })),
  );
  return plans.map((plan) => ({ id: plan.id, deliveryIds: plan.deliveries.map((d) => d.id) }));
}

export async function acceptOne(db: Database, owner: Owner, request: TestRequest = {}): Promise<Accepted> {
  const [accepted] = await acceptAll(db, owner, [request]);
  return accepted as Accepted;
}

/** Claims one delivery, as a worker does before it calls a provider. */
export async function claimOne(db: Database, deliveryId: string): Promise<ClaimedDelivery> {
  const [claimed] = await claimDeliveries(db, [deliveryId], 60_000);
  if (!claimed) throw new Error(`Delivery ${deliveryId} could not be claimed`);
  return claimed;
}

export type TestOutcome = Pick<OutcomeRecord, 'state' | 'reason' | 'delayMs'> & {
  called?: Partial<AttemptRecord>;
};

/** Records how a claimed delivery ended: accepted by the provider, unless something else is given. */
export async function recordOne(
  db: Database,
  claimed: ClaimedDelivery,
  outcome: TestOutcome = { state: 'sent' },
) {
  const { id, tenantId, claim, attempt, toEndpoint } = claimed;
  const called: AttemptRecord = {
    provider: 'twilio',
    startedAt: new Date(Date.now() - 12),
    durationMs: 12,
    outcome: outcome.state === 'sent' ? 'accepted' : 'retry',
    ...outcome.called,
  };
  const [recorded] = await recordOutcomes(db, [
    { id, tenantId, claim, attempt, toEndpoint, ...outcome, called },
  ]);
  return recorded;
}

/** Claims a delivery and records how it ended. */
export async function sendOne(db: Database, deliveryId: string, outcome?: TestOutcome) {
  return recordOne(db, await claimOne(db, deliveryId), outcome);
}
