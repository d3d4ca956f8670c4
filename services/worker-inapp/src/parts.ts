import { receiptUrl } from '@herald/contracts';
import { type ChannelParts, type ProviderDefinition, type ProviderSetting } from '@herald/delivery';
import { simulatedProvider } from '@herald/providers';
import { FeedBell } from '@herald/queue';
import { inappChannel } from './channel';
import { feedProvider } from './feed-provider';

/** The in-app channel: every tenant has feeds, and nothing is configured. */
export function inappParts(): ChannelParts<'inapp'> {
  return {
    channel: inappChannel,
    definitions: ({ db, redis, queuePrefix, onRedisError }) => [
      feedProvider({
        db,
        bell: new FeedBell(redis, queuePrefix, onRedisError),
      }) as ProviderDefinition<'inapp'>,
    ],
    simulated: simulatedProvider('inapp'),
    findSettings: async (_db, tenantId) => [settingOf(tenantId)],
    receiptUrl,
  };
}

/** There is nobody else to turn to when our own database is away, so no breaker keeps anything from it. */
function settingOf(tenantId: string): ProviderSetting {
  return {
    id: tenantId,
    type: 'feed',
    position: 0,
    weight: 100,
    limits: null,
    breaker: 'closed',
    config: {},
    version: '1',
  };
}
