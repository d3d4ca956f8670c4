import { getDelivery, type RetryResult, retryDelivery } from '@herald/db';
import { ProblemError, type RouteResult } from '@herald/platform';
import { notFound, ownerOf, type ReadDeps, type TenantContext } from './read-deps';

type Refused = Extract<RetryResult, { kind: 'refused' }>;
type Queued = Extract<RetryResult, { kind: 'queued' }>;

const REFUSALS: Record<Refused['why'], (state: string) => string> = {
  state: (state) => `A delivery that is ${state} cannot be tried again.`,
  due: () => 'The delivery is in the queue and due already.',
  scheduled: () =>
    'The delivery waits for its sendAt and was not tried yet. To send it earlier, cancel the notification and send another.',
  no_address: () => 'The recipient has no address for this channel.',
  expired: () => 'The expiresAt of the notification has passed.',
};

export function retryDeliveryHandler(deps: ReadDeps) {
  return async ({ principal, params }: TenantContext): Promise<RouteResult> => {
    const owner = ownerOf(principal);
    const id = params.id as string;
    const result = await retryDelivery(deps.db, owner, id);
    if (result.kind === 'unknown') throw notFound('delivery');
    if (result.kind === 'refused') {
      const { state, why } = result;
      throw new ProblemError('conflict', REFUSALS[why](state), { state });
    }
    await tellRedis(deps, owner.tenantId, result);
    return { status: 202, body: await getDelivery(deps.db, owner, id) };
  };
}

/** The delivery is durable in the queue already: without Redis the relay rings for it a little later. */
async function tellRedis(
  { queues, logger }: ReadDeps,
  tenantId: string,
  { id, channel, lane, wasDead }: Queued,
): Promise<void> {
  try {
    await queues.ring([{ id, tenantId, channel, lane }]);
    if (wasDead) await queues.hideDead([{ id, channel }]);
  } catch (error) {
    logger.warn({ err: error, deliveryId: id }, 'could not enqueue a retry; the relay will');
  }
}
