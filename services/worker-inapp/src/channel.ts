import { type InAppContentDto } from '@herald/contracts';
import { type ClaimedDelivery } from '@herald/db';
import { type ChannelDefinition, type Rendered } from '@herald/delivery';

/** In-app: an item as it was posted. */
export const inappChannel: ChannelDefinition<'inapp'> = { channel: 'inapp', render };

async function render(delivery: ClaimedDelivery): Promise<Rendered<'inapp'>> {
  const content = delivery.content as InAppContentDto | undefined;
  if (!content) return { ok: false, detail: 'There is no in-app content.' };
  return {
    ok: true,
    message: { recipient: delivery.address, notificationId: delivery.notificationId, content },
  };
}
