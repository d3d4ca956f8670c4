import { receiptUrl } from '@herald/contracts';
import { findEnabledProviders } from '@herald/db';
import { type ChannelParts, settingsFinder, type WorkerServiceConfig } from '@herald/delivery';
import { parseEncryptionKeys, SecretBox } from '@herald/platform';
import { PROVIDERS, simulatedProvider } from '@herald/providers';
import { emailChannel } from './channel';

/** The email channel with its providers. */
export function emailParts(config: WorkerServiceConfig): ChannelParts<'email'> {
  const box = new SecretBox(parseEncryptionKeys(config.crypto.encryptionKeys));
  return {
    channel: emailChannel,
    definitions: PROVIDERS.email,
    simulated: simulatedProvider('email'),
    findSettings: settingsFinder(box, 'email', findEnabledProviders),
    receiptUrl,
  };
}
