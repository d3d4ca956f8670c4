import { randomBytes, randomInt } from 'node:crypto';
import {
  type AcceptedNotificationDto,
  type DeliveryDto,
  type DeliveryState,
  type NotificationDto,
} from '@herald/contracts';
import { type Answer, type Client, type RequestOptions, until } from '@herald/testing';

/** An address that no other test uses. */
export function newEmail(name = 'user'): string {
  return `${name}-${randomBytes(6).toString('hex')}@example.com`;
}

/** A valid German mobile number that (nearly certainly) no other test uses. */
export function newPhone(): string {
  return `+49151${randomInt(10_000_000, 99_999_999)}`;
}

/** Something that no other test uses, for keys, metadata and paths. */
export function unique(name = 'x'): string {
  return `${name}-${randomBytes(6).toString('hex')}`;
}

/** The body of a request for one e-mail. */
export function email(to: string, more: object = {}): Record<string, unknown> {
  return { to: { email: to }, content: { email: { subject: 'Hello', text: `To ${to}` } }, ...more };
}

export function sms(to: string, more: object = {}): Record<string, unknown> {
  return { to: { phone: to }, content: { sms: { body: `To ${to}` } }, ...more };
}

export function webhook(to: string, more: object = {}): Record<string, unknown> {
  return { to: { webhookUrl: to }, content: { webhook: { payload: { to } } }, ...more };
}

/** Posts and expects 202. */
export async function send(
  api: Client,
  body: unknown,
  options?: RequestOptions,
): Promise<AcceptedNotificationDto> {
  return accepted(await api.post<AcceptedNotificationDto>('/v1/notifications', body, options));
}

/** The body of an answer that must be 202. */
export function accepted(answer: Answer<AcceptedNotificationDto>): AcceptedNotificationDto {
  if (answer.status !== 202) throw new Error(`Not accepted: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
}

/** Posts one that has one delivery; gives both ids. */
export async function sendOne(api: Client, body: unknown): Promise<{ id: string; deliveryId: string }> {
  const { id, deliveries } = await send(api, body);
  if (deliveries.length !== 1) throw new Error(`${deliveries.length} deliveries instead of one`);
  return { id, deliveryId: deliveries[0]!.id };
}

export async function readNotification(api: Client, id: string): Promise<NotificationDto> {
  const { status, body } = await api.get<NotificationDto>(`/v1/notifications/${id}`);
  if (status !== 200) throw new Error(`${status} instead of a notification: ${JSON.stringify(body)}`);
  return body;
}

export async function readDelivery(api: Client, id: string): Promise<DeliveryDto> {
  const { status, body } = await api.get<DeliveryDto>(`/v1/deliveries/${id}`);
  if (status !== 200) throw new Error(`${status} instead of a delivery: ${JSON.stringify(body)}`);
  return body;
}

const MAY_CHANGE: readonly DeliveryState[] = ['scheduled', 'queued', 'sending', 'sent'];

/** Waits until a delivery is in one of these states; fails at once when it has ended in another. */
export async function untilState(
  api: Client,
  deliveryId: string,
  states: DeliveryState | readonly DeliveryState[],
  timeoutMs = 30_000,
): Promise<DeliveryDto> {
  const wanted = [states].flat();
  // A second provider may have carried it, which tells more than the first one does.
  const isWanted = (state: DeliveryState) =>
    wanted.includes(state) || (state === 'delivered' && wanted.includes('sent'));
  const delivery = await until(
    async () => {
      const current = await readDelivery(api, deliveryId);
      return (isWanted(current.state) || !MAY_CHANGE.includes(current.state)) && current;
    },
    { what: `delivery ${deliveryId} to be ${wanted.join(' or ')}`, timeoutMs },
  );
  if (!isWanted(delivery.state)) {
    throw new Error(`It should be ${wanted.join(' or ')}, and is ${JSON.stringify(delivery, undefined, 1)}`);
  }
  return delivery;
}

/** Waits until nothing more will happen to a delivery by itself. */
export function untilSettled(api: Client, deliveryId: string, timeoutMs?: number): Promise<DeliveryDto> {
  const settled = ['sent', 'delivered', 'undelivered', 'failed', 'dead', 'skipped', 'canceled', 'expired'];
  return untilState(api, deliveryId, settled as DeliveryState[], timeoutMs);
}

/** What happened to a delivery, in order: the types of its timeline. */
export function steps(delivery: DeliveryDto): string[] {
  return delivery.timeline.map((entry) => entry.type);
}
