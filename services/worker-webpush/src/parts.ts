import { receiptUrl } from '@herald/contracts';
import { type Database, findLiveVapidKeys } from '@herald/db';
import { type ChannelParts, type ProviderSetting, type WorkerServiceConfig } from '@herald/delivery';
import { parseEncryptionKeys, SecretBox } from '@herald/platform';
import { PROVIDERS, simulatedProvider } from '@herald/providers';
import { webpushChannel } from './channel';

/** The webpush channel: push services are the browsers' choice; what a tenant has are its VAPID keys. */
export function webpushParts(config: WorkerServiceConfig): ChannelParts<'webpush'> {
  const box = new SecretBox(parseEncryptionKeys(config.crypto.encryptionKeys));
  return {
    channel: webpushChannel,
    definitions: PROVIDERS.webpush,
    simulated: simulatedProvider('webpush'),
    findSettings: (db, tenantId) => findSettings(db, box, tenantId),
    receiptUrl,
  };
}

async function findSettings(db: Database, box: SecretBox, tenantId: string): Promise<ProviderSetting[]> {
  const sealed = await findLiveVapidKeys(db, tenantId);
  const [newest] = sealed;
  if (!newest) return [];
  const keys = sealed.map(({ id, publicKey, privateKey }) => ({
    id,
    publicKey,
    privateKey: box.open(privateKey, `vapid_keys:${id}`),
  }));
  return [
    {
      id: tenantId,
      type: 'web-push',
      position: 0,
      weight: 100,
      limits: null,
      breaker: 'auto',
      config: { subject: newest.subject, keys },
      version: [newest.subject, ...keys.map(({ id }) => id)].join(),
    },
  ];
}
