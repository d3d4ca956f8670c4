import { type WebPushContentDto, type WebPushSubscriptionDto } from '@herald/contracts';
import { type ClaimedDelivery, type Database } from '@herald/db';
import { type ChannelDefinition, liveTargets, type Rendered } from '@herald/delivery';
import { webPushPayload } from '@herald/domain';
import { ttlSeconds } from './ttl-seconds';

/** Web push: a message for each of the recipient's browsers. */
export const webpushChannel: ChannelDefinition<'webpush'> = { channel: 'webpush', render };

async function render(delivery: ClaimedDelivery, db: Database): Promise<Rendered<'webpush'>> {
  const content = delivery.content as WebPushContentDto | undefined;
  if (!content) return { ok: false, detail: 'There is no web push content.' };
  const subscriptions = JSON.parse(delivery.address) as WebPushSubscriptionDto[];
  const shared = {
    payload: webPushPayload(content),
    ttlSeconds: ttlSeconds(content, delivery.expiresAt),
    urgency: content.urgency ?? 'normal',
    topic: content.topic,
  } as const;
  const candidates = subscriptions.map(({ endpoint, keys }) => ({
    address: endpoint,
    message: { endpoint, keys, ...shared },
  }));
  return liveTargets(db, delivery, candidates);
}
