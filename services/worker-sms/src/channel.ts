import { type SmsContentDto } from '@herald/contracts';
import { type ClaimedDelivery } from '@herald/db';
import { type ChannelDefinition, type Rendered } from '@herald/delivery';

/** SMS: the body as it was posted. */
export const smsChannel: ChannelDefinition<'sms'> = { channel: 'sms', render };

async function render(delivery: ClaimedDelivery): Promise<Rendered<'sms'>> {
  const content = delivery.content as SmsContentDto | undefined;
  if (!content) return { ok: false, detail: 'There is no SMS content.' };
  return { ok: true, message: { to: delivery.address, body: content.body } };
}
