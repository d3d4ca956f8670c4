import { type WebhookContentDto } from '@herald/contracts';
import { type ClaimedDelivery } from '@herald/db';
import { type ChannelDefinition, type Rendered } from '@herald/delivery';

/** Webhook: the payload as JSON; the same text for every attempt, so that signatures differ only by time. */
export const webhookChannel: ChannelDefinition<'webhook'> = { channel: 'webhook', render };

async function render(delivery: ClaimedDelivery): Promise<Rendered<'webhook'>> {
  const content = delivery.content as WebhookContentDto | undefined;
  if (!content) return { ok: false, detail: 'There is no webhook content.' };
  return { ok: true, message: { url: delivery.address, body: JSON.stringify(content.payload) } };
}
