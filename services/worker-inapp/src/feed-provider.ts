import { addFeedItems, type Database, type NewFeedItem } from '@herald/db';
import { type ProviderDefinition } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { Coalescer, isUnavailable } from '@herald/platform';
import { type FeedBell } from '@herald/queue';

export interface FeedProviderDeps {
  db: Database;
  bell: Pick<FeedBell, 'ring'>;
}

/** Nothing can be configured: every tenant has feeds. */
export class FeedConfig {}

const MAX_BATCH = 200;
const MAX_IN_FLIGHT = 2;

/** An insert that nobody knows the end of is tried again: an item that is there already stays as it is. */
const UNAVAILABLE: SendOutcome = {
  outcome: 'retry',
  reason: 'provider_unavailable',
  code: 'feed_unavailable',
};

/**
 * In-app: an item in the recipient's feed, which is in our own database. What is sent at the same time is one statement;
 * sockets are rung for behind it.
 */
export function feedProvider({ db, bell }: FeedProviderDeps): ProviderDefinition<'inapp', FeedConfig> {
  // Of all tenants: each alone would fill no batches.
  const items = new Coalescer<NewFeedItem, Added>((batch) => add({ db, bell }, batch), {
    maxBatch: MAX_BATCH,
    maxInFlight: MAX_IN_FLIGHT,
    // One that is claimed twice must not be in one statement twice.
    keyOf: ({ id }) => id,
  });
  return {
    type: 'feed',
    channel: 'inapp',
    title: 'In-app feed',
    config: FeedConfig,
    secrets: [],
    destination: [],
    async open() {
      return {
        async send({ recipient, notificationId, content }, { tenantId, deliveryId }) {
          try {
            const added = await items.submit({
              id: deliveryId,
              tenantId,
              recipient,
              notificationId,
              ...content,
            });
            if (added.error) throw added.error;
            return { outcome: 'accepted', providerMessageId: deliveryId };
          } catch (error) {
            if (isUnavailable(error)) return UNAVAILABLE;
            const state = dataError(error);
            if (!state) throw error;
            return { outcome: 'permanent-content', reason: 'content_rejected', code: `feed_${state}` };
          }
        },
        close: () => items.drained(),
      };
    },
  };
}

type Added = { error?: unknown };

async function add(deps: FeedProviderDeps, items: readonly NewFeedItem[]): Promise<Added[]> {
  try {
    void deps.bell.ring(await addFeedItems(deps.db, items));
    return items.map(() => ({}));
  } catch (error) {
    if (items.length === 1 || !dataError(error)) throw error;
    // One that Postgres refuses must not take those of its batch with it.
    return Promise.all(
      items.map((item) =>
        add(deps, [item]).then(
          ([added]) => added!,
          (failed) => ({ error: failed }),
        ),
      ),
    );
  }
}

/** The SQLSTATE of an error that is of the data (class 22). */
function dataError(error: unknown): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^22[0-9A-Z]{3}$/.test(code) ? code : undefined;
}
