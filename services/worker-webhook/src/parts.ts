import { receiptUrl } from '@herald/contracts';
import { type Database, findLiveWebhookSecrets } from '@herald/db';
import { type ChannelParts, type ProviderSetting, type WorkerServiceConfig } from '@herald/delivery';
import { parseEncryptionKeys, SecretBox } from '@herald/platform';
import { PROVIDERS, simulatedProvider } from '@herald/providers';
import { webhookChannel } from './channel';

/** The webhook channel: every tenant can send webhooks; what is configured are its signing secrets. */
export function webhookParts(config: WorkerServiceConfig): ChannelParts<'webhook'> {
  const box = new SecretBox(parseEncryptionKeys(config.crypto.encryptionKeys));
  return {
    channel: webhookChannel,
    definitions: PROVIDERS.webhook,
    simulated: simulatedProvider('webhook'),
    findSettings: (db, tenantId) => findSettings(db, box, tenantId),
    receiptUrl,
  };
}

async function findSettings(db: Database, box: SecretBox, tenantId: string): Promise<ProviderSetting[]> {
  const sealed = await findLiveWebhookSecrets(db, tenantId);
  if (sealed.length === 0) return [];
  const secrets = sealed.map(({ id, secret }) => box.open(secret, `webhook_secrets:${id}`));
  return [
    {
      id: tenantId,
      type: 'standard-webhook',
      position: 0,
      weight: 100,
      limits: null,
      breaker: 'auto',
      config: { secrets },
      version: sealed.map(({ id }) => id).join(),
    },
  ];
}
