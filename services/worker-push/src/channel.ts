import { type DeviceDto, type PushContentDto } from '@herald/contracts';
import { type ClaimedDelivery, type Database } from '@herald/db';
import { type ChannelDefinition, liveTargets, type Rendered } from '@herald/delivery';

/** Push: a message for each of the recipient's devices. */
export const pushChannel: ChannelDefinition<'push'> = { channel: 'push', render };

async function render(delivery: ClaimedDelivery, db: Database): Promise<Rendered<'push'>> {
  const content = delivery.content as PushContentDto | undefined;
  if (!content) return { ok: false, detail: 'There is no push content.' };
  const devices = JSON.parse(delivery.address) as DeviceDto[];
  const candidates = devices.map((device) => {
    const { platform, token } = device;
    const registeredAt = device.registeredAt === undefined ? undefined : Date.parse(device.registeredAt);
    const expiresAt = delivery.expiresAt?.getTime();
    return {
      address: token,
      message: { platform, token, registeredAt, content, expiresAt },
      registeredAt,
      facts: { platform },
    };
  });
  return liveTargets(db, delivery, candidates);
}
