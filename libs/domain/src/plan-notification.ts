import {
  type Channel,
  CONTACT_POINT,
  type DeliveryPolicy,
  type DeliveryState,
  type FieldError,
  type Lane,
  LIMITS,
  type Reason,
  type RecipientDto,
  type SendNotificationDto,
} from '@herald/contracts';
import { contentErrors } from './content-errors';
import { addressKey, newId } from './ids';

export interface PlannedAttachment {
  position: number;
  filename: string;
  contentType: string;
  contentBase64: string;
}

export interface PlannedDelivery {
  id: string;
  recipient: number;
  channel: Channel;
  /** JSON of a list for channels whose deliveries can have several. */
  address?: string;
  /** Hex; see `addressKey`. None for channels whose deliveries can have several addresses. */
  addressKey?: string;
  locale?: string;
  timezone?: string;
  /** When it is of no use any more, if that is said of its channel's content and not of the whole notification only. */
  expiresAt?: string;
  state: Extract<DeliveryState, 'scheduled' | 'queued' | 'skipped'>;
  reason?: Reason;
}

export interface PlannedNotification {
  id: string;
  tenantId: string;
  lane: Lane;
  policy: DeliveryPolicy;
  /** What is stored: content per channel, without the attachments' bytes. */
  content: Partial<Record<Channel, unknown>>;
  attachments: PlannedAttachment[];
  metadata?: Record<string, string>;
  sendAt?: string;
  expiresAt?: string;
  /** Another provider is tried when no receipt came in this time. */
  receiptWaitMs?: number;
  deliveries: PlannedDelivery[];
}

export type Plan = { ok: true; notification: PlannedNotification } | { ok: false; errors: FieldError[] };

/**
 * Turns a valid request into a notification and its deliveries: one per recipient and channel. What cannot be sent for
 * want of an address is planned as `skipped`, so that it is recorded; if nothing at all could be sent the request is
 * refused. Checks what spans fields; single fields are checked before.
 */
export function planNotification(dto: SendNotificationDto, context: { tenantId: string; now: number }): Plan {
  const channels =
    dto.channels ?? (Object.keys(dto.content) as Channel[]).filter((c) => dto.content[c] !== undefined);
  const errors = crossFieldErrors(dto, channels, context.now);
  if (errors.length > 0) return { ok: false, errors };

  const sendAt = inUtc(dto.sendAt);
  const scheduled = sendAt !== undefined && Date.parse(sendAt) > context.now;
  const deliveries = dto.to.flatMap((recipient, index) =>
    channels.map((channel) => ({
      ...planDelivery(recipient, index, channel, scheduled, context),
      // An item that has left the feed before it came to it was never seen.
      ...(channel === 'inapp' && { expiresAt: inUtc(dto.content.inapp?.expiresAt) }),
    })),
  );
  if (deliveries.every((d) => d.state === 'skipped'))
    return { ok: false, errors: missingAddresses(dto, channels) };

  return {
    ok: true,
    notification: {
      id: newId(context.now),
      tenantId: context.tenantId,
      lane: dto.priority ?? 'default',
      policy: dto.delivery ?? 'at_least_once',
      content: storedContent(dto, channels),
      attachments: channels.includes('email') ? attachmentsOf(dto) : [],
      metadata: dto.metadata && Object.keys(dto.metadata).length > 0 ? dto.metadata : undefined,
      sendAt: scheduled ? sendAt : undefined,
      expiresAt: inUtc(dto.expiresAt),
      receiptWaitMs: dto.failover && dto.failover.withoutReceiptSeconds * 1000,
      deliveries,
    },
  };
}

/** The same moment in UTC: RFC 3339 has offsets up to 23:59, Postgres takes them up to 15:59 only. */
function inUtc(time: string | undefined): string | undefined {
  return time === undefined ? undefined : new Date(time).toISOString();
}

function planDelivery(
  recipient: RecipientDto,
  index: number,
  channel: Channel,
  scheduled: boolean,
  context: { tenantId: string; now: number },
): PlannedDelivery {
  const contact = recipient[CONTACT_POINT[channel]];
  const base = { id: newId(context.now), recipient: index, channel };
  if (contact === undefined) return { ...base, state: 'skipped', reason: 'no_contact_point' };
  // Several devices or browsers are one delivery. Each is suppressed by itself, so the delivery has no key.
  const one = typeof contact === 'string';
  return {
    ...base,
    address: one ? contact : JSON.stringify(contact),
    addressKey: one ? addressKey(context.tenantId, channel, contact) : undefined,
    locale: recipient.locale,
    timezone: recipient.timezone,
    ...(scheduled ? { state: 'scheduled', reason: 'scheduled_by_request' } : { state: 'queued' }),
  };
}

function crossFieldErrors(dto: SendNotificationDto, channels: Channel[], now: number): FieldError[] {
  const errors: FieldError[] = [];
  if (channels.length === 0) {
    errors.push({ pointer: '/content', detail: 'must have content for at least one channel' });
  }
  for (const channel of channels) {
    if (!dto.content[channel]) {
      errors.push({
        pointer: `/content/${channel}`,
        detail: `is required, because channels names ${channel}`,
      });
    }
  }
  if (dto.failover && dto.delivery === 'at_most_once') {
    errors.push({
      pointer: '/failover',
      detail: 'must not be given with delivery at_most_once: what got no receipt in time may arrive twice',
    });
  }
  errors.push(...contentErrors(dto.content), ...attachmentErrors(dto), ...timeErrors(dto, now));
  return errors;
}

function attachmentErrors(dto: SendNotificationDto): FieldError[] {
  const total = (dto.content.email?.attachments ?? []).reduce(
    (sum, a) => sum + decodedBytes(a.contentBase64),
    0,
  );
  if (total <= LIMITS.attachmentsTotalBytes) return [];
  return [
    {
      pointer: '/content/email/attachments',
      detail: `must be at most ${LIMITS.attachmentsTotalBytes} bytes in all; these are ${total}`,
    },
  ];
}

function timeErrors(dto: SendNotificationDto, now: number): FieldError[] {
  const sendAt = dto.sendAt === undefined ? now : Date.parse(dto.sendAt);
  const errors: FieldError[] = [];
  if (sendAt > now + LIMITS.scheduleAheadDays * 86_400_000) {
    errors.push({ pointer: '/sendAt', detail: `must be at most ${LIMITS.scheduleAheadDays} days ahead` });
  }
  const ends: [string, string | undefined][] = [
    ['/expiresAt', dto.expiresAt],
    ['/content/inapp/expiresAt', dto.content.inapp?.expiresAt],
  ];
  for (const [pointer, end] of ends) {
    if (end === undefined || Date.parse(end) > Math.max(sendAt, now)) continue;
    errors.push({ pointer, detail: 'must be in the future and later than sendAt' });
  }
  return errors;
}

function missingAddresses(dto: SendNotificationDto, channels: Channel[]): FieldError[] {
  const fields = [...new Set(channels.map((c) => CONTACT_POINT[c]))];
  const at = dto.to.length === 1 ? '/to' : '/to/0';
  return fields.map((field) => ({
    pointer: `${at}/${field}`,
    detail: `is required: no recipient has an address for ${channels.join(' or ')}`,
  }));
}

/** The length of base64 text once decoded, in bytes. */
export function decodedBytes(base64: string): number {
  const padding = base64.endsWith('==') ? 2 : base64.endsWith('=') ? 1 : 0;
  return (base64.length / 4) * 3 - padding;
}

function storedContent(dto: SendNotificationDto, channels: Channel[]): Partial<Record<Channel, unknown>> {
  const stored: Partial<Record<Channel, unknown>> = {};
  for (const channel of channels) {
    if (channel === 'email') {
      const { attachments, ...rest } = dto.content.email!;
      stored.email = attachments?.length ? { ...rest, attachmentCount: attachments.length } : rest;
    } else {
      stored[channel] = dto.content[channel];
    }
  }
  return stored;
}

function attachmentsOf(dto: SendNotificationDto): PlannedAttachment[] {
  return (dto.content.email?.attachments ?? []).map((a, position) => ({ position, ...a }));
}
