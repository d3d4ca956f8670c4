import { CHANNELS, FORMATS, type ListNotificationsQueryDto, SEVERAL_TARGETS } from '@herald/contracts';
import { type NotificationFilter } from '@herald/db';
import { addressKey } from '@herald/domain';
import { ProblemError } from '@herald/platform';

const DEFAULT_LIMIT = 50;

/**
 * What to look for, from a query that is valid in itself.
 * @throws ProblemError 422 for a cursor that no list of ours gave, and for a recipient on a channel without one address
 */
export function notificationFilter(query: ListNotificationsQueryDto, tenantId: string): NotificationFilter {
  const { state, channel, recipient, metadata, from, to, cursor, limit = DEFAULT_LIMIT } = query;
  return {
    state,
    channel,
    addressKeys: recipient === undefined ? undefined : addressKeys(tenantId, recipient, channel),
    metadata: metadata && Object.keys(metadata).length > 0 ? metadata : undefined,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    cursor: cursor === undefined ? undefined : readCursor(cursor),
    limit,
  };
}

/** A cursor is opaque to clients: the last id of the page in base64url. */
export function writeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

function readCursor(cursor: string): string {
  const id = Buffer.from(cursor, 'base64url').toString('utf8');
  if (FORMATS.uuid.check(id)) return id;
  throw new ProblemError('validation', undefined, {
    errors: [{ pointer: '/query/cursor', detail: 'must be a nextCursor of this list' }],
  });
}

function addressKeys(
  tenantId: string,
  recipient: string,
  channel: ListNotificationsQueryDto['channel'],
): string[] {
  if (channel && SEVERAL_TARGETS.includes(channel)) {
    const detail = `cannot be asked for with channel ${channel}, whose deliveries can have several addresses`;
    throw new ProblemError('validation', undefined, { errors: [{ pointer: '/query/recipient', detail }] });
  }
  // A plus in a query string is a space unless it is escaped, and nobody escapes the one of a phone number by hand.
  const address = recipient.replace(/^ (?=\d)/, '+');
  const searched = CHANNELS.filter((each) => !SEVERAL_TARGETS.includes(each));
  return (channel ? [channel] : searched).map((each) => addressKey(tenantId, each, address));
}
