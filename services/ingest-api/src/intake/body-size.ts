import { LIMITS } from '@herald/contracts';
import { ProblemError } from '@herald/platform';

/** What a notification's body may have in all: its own limit, and attachments as base64. */
export const MAX_NOTIFICATION_BYTES =
  LIMITS.notificationBodyBytes + Math.ceil((LIMITS.attachmentsTotalBytes * 4) / 3) + 4096;

/** Refuses a body that is too large without its attachments. @throws ProblemError 413 */
export function checkNotificationSize(bytes: number, body: unknown): void {
  if (bytes <= LIMITS.notificationBodyBytes) return;
  if (bytes - attachmentBytes(body) <= LIMITS.notificationBodyBytes) return;
  throw new ProblemError(
    'payload-too-large',
    `The body may have at most ${LIMITS.notificationBodyBytes} bytes beside its attachments.`,
    { limitBytes: LIMITS.notificationBodyBytes },
  );
}

function attachmentBytes(body: unknown): number {
  const list = (body as { content?: { email?: { attachments?: unknown } } } | null)?.content?.email
    ?.attachments;
  if (!Array.isArray(list)) return 0;
  return list.reduce(
    (sum, a) => sum + (typeof a?.contentBase64 === 'string' ? a.contentBase64.length : 0),
    0,
  );
}
