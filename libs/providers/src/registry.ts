import { type Channel } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import { sendgrid } from './email/sendgrid';
import { ses } from './email/ses';
import { smtp } from './email/smtp';
import { apns } from './push/apns';
import { fcm } from './push/fcm';
import { simulatedProvider } from './simulated/simulated';
import { twilio } from './sms/twilio';
import { vonage } from './sms/vonage';
import { standardWebhook } from './webhook/standard-webhook';
import { webPush } from './webpush/web-push';

type Registry = { readonly [C in Channel]: readonly ProviderDefinition<C>[] };

/** A definition whose configuration is known only to itself. */
function erased<C extends Channel, Config extends object>(
  definition: ProviderDefinition<C, Config>,
): ProviderDefinition<C> {
  return definition as unknown as ProviderDefinition<C>;
}

/** What a tenant can configure. A new provider is a file of its own and its word here. */
export const PROVIDERS = {
  email: [erased(smtp), erased(sendgrid), erased(ses)],
  sms: [erased(twilio), erased(vonage)],
  push: [erased(fcm), erased(apns)],
  webpush: [erased(webPush)],
  // Its provider is our own database: see worker-inapp.
  inapp: [],
  webhook: [erased(standardWebhook)],
} satisfies Registry;

/** Where test keys go, per channel; configured by nobody. */
export const SIMULATED = {
  email: simulatedProvider('email'),
  sms: simulatedProvider('sms'),
  push: simulatedProvider('push'),
  webpush: simulatedProvider('webpush'),
  inapp: simulatedProvider('inapp'),
  webhook: simulatedProvider('webhook'),
} satisfies { readonly [C in Channel]: ProviderDefinition<C> };

/** The definition of a stored provider, the simulated one included; undefined for a type that the channel does not have. */
export function findProvider<C extends Channel>(channel: C, type: string): ProviderDefinition<C> | undefined {
  const registry: Registry = PROVIDERS;
  const simulated: { readonly [K in Channel]: ProviderDefinition<K> } = SIMULATED;
  return [...registry[channel], simulated[channel]].find((definition) => definition.type === type);
}
