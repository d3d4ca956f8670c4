import { receiptUrl } from '@herald/contracts';
import { findEnabledProviders } from '@herald/db';
import { type ChannelParts, settingsFinder, type WorkerServiceConfig } from '@herald/delivery';
import { parseEncryptionKeys, SecretBox } from '@herald/platform';
import { PROVIDERS, simulatedProvider } from '@herald/providers';
import { smsChannel } from './channel';

/** The sms channel with its providers. */
export function smsParts(config: WorkerServiceConfig): ChannelParts<'sms'> {
  const box = new SecretBox(parseEncryptionKeys(config.crypto.encryptionKeys));
  return {
    channel: smsChannel,
    definitions: PROVIDERS.sms,
    simulated: simulatedProvider('sms'),
    findSettings: settingsFinder(box, 'sms', findEnabledProviders),
    receiptUrl,
  };
}
