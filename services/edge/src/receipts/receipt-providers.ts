import { type Channel } from '@herald/contracts';
import { type ProviderConfig } from '@herald/db';
import { type SecretBox } from '@herald/platform';
import { findProvider } from '@herald/providers';
import { LRUCache } from 'lru-cache';

type Reader = NonNullable<NonNullable<ReturnType<typeof findProvider>>['receipts']>;

/** A tenant's provider that sends receipts, with its configuration opened. */
export interface ReceiptProvider {
  tenantId: string;
  channel: Channel;
  type: string;
  config: object;
  receipts: Reader;
}

export interface ReceiptProvidersDeps {
  find(id: string): Promise<ProviderConfig | undefined>;
  box: SecretBox;
}

/** How long a changed credential may still be taken for the old one. */
const TTL_MS = 3000;
const MAX_CACHED = 1000;

/**
 * Looks providers up by id and opens their configuration; undefined for one that does not exist or sends no receipts.
 * A disabled one is found as well: it speaks of what was sent before. Those in use are kept for a few seconds, and
 * guessed ids not at all, so that guessing does not push them out.
 */
export function receiptProviders({
  find,
  box,
}: ReceiptProvidersDeps): (id: string) => Promise<ReceiptProvider | undefined> {
  const cache = new LRUCache<string, ReceiptProvider>({
    max: MAX_CACHED,
    ttl: TTL_MS,
    fetchMethod: async (id) => {
      const row = await find(id);
      return row && open(row, box);
    },
  });
  return (id) => cache.fetch(id.toLowerCase());
}

function open(
  { id, tenantId, channel, type, config }: ProviderConfig,
  box: SecretBox,
): ReceiptProvider | undefined {
  const receipts = findProvider(channel, type)?.receipts;
  if (!receipts) return undefined;
  const opened = JSON.parse(box.open(config, `provider_configs:${id}`)) as object;
  return { tenantId, channel, type, config: opened, receipts };
}
