import { receiptUrl } from '@herald/contracts';
import { findEnabledProviders } from '@herald/db';
import { type ChannelParts, settingsFinder, type WorkerServiceConfig } from '@herald/delivery';
import { parseEncryptionKeys, SecretBox } from '@herald/platform';
import { PROVIDERS, simulatedProvider } from '@herald/providers';
import { pushChannel } from './channel';

/** The push channel with its providers. */
export function pushParts(config: WorkerServiceConfig): ChannelParts<'push'> {
  const box = new SecretBox(parseEncryptionKeys(config.crypto.encryptionKeys));
  return {
    channel: pushChannel,
    definitions: PROVIDERS.push,
    simulated: simulatedProvider('push'),
    findSettings: settingsFinder(box, 'push', findEnabledProviders),
    receiptUrl,
  };
}
