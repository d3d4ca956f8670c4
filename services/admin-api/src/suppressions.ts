import {
  CHANNELS,
  type Channel,
  type CreateSuppressionDto,
  type DeleteSuppressionQueryDto,
  FORMATS,
  type FormatName,
  type ListSuppressionsQueryDto,
  type SuppressionDto,
} from '@herald/contracts';
import {
  createSuppression,
  type Database,
  deleteSuppression,
  type ListedSuppression,
  listSuppressions,
  type SuppressionEntry,
  type SuppressionPosition,
} from '@herald/db';
import { type Principal, ProblemError } from '@herald/platform';
import { type CursorFormat, pageOf } from './http/page';
import { forTenant } from './http/tenant-of';

const ADDRESS_FORMAT: Record<Channel, FormatName> = {
  email: 'email',
  sms: 'phone',
  push: 'device-token',
  webpush: 'http-url',
  inapp: 'recipient-id',
  webhook: 'http-url',
};

const CURSOR: CursorFormat<ListedSuppression, SuppressionPosition> = {
  write: ({ position }) => [position.micros, position.channel, position.addressKey].join(' '),
  read: (text) => {
    const [, micros, name, addressKey] = /^(\d{1,17}) (\w+) ([0-9a-f]{32})$/.exec(text) ?? [];
    const channel = CHANNELS.find((candidate) => candidate === name);
    return micros && channel && addressKey ? { micros, channel, addressKey } : undefined;
  },
};

export function suppressionHandlers({ db }: { db: Database }) {
  return {
    listSuppressions: forTenant<unknown, ListSuppressionsQueryDto>(
      db,
      async (tenantId, { query, principal }) => {
        const where = { tenantId, live: isLive(principal), channel: query.channel };
        const find = (page: { limit: number; before?: SuppressionPosition }) =>
          listSuppressions(db, where, page);
        return { status: 200, body: await pageOf(query, { cursor: CURSOR, find, view: toView }) };
      },
    ),

    createSuppression: forTenant<CreateSuppressionDto>(db, async (tenantId, { body, principal }) => {
      const { channel, address, reason = 'manual' } = body;
      checkAddress(channel, address, '/address');
      const { created, entry } = await createSuppression(db, {
        tenantId,
        live: isLive(principal),
        channel,
        address,
        reason,
      });
      return { status: created ? 201 : 200, body: toView(entry) };
    }),

    deleteSuppression: forTenant<unknown, DeleteSuppressionQueryDto>(
      db,
      async (tenantId, { query, principal }) => {
        const { channel, address } = query;
        checkAddress(channel, address, '/query/address');
        const gone = await deleteSuppression(db, { tenantId, live: isLive(principal), channel, address });
        if (!gone) throw new ProblemError('not-found', 'The address is not suppressed.');
        return { status: 204 };
      },
    ),
  };
}

/** A test key sees and edits what test keys cause, everyone else what is real. */
function isLive(principal: Principal): boolean {
  return principal.kind === 'operator' || principal.live;
}

function checkAddress(channel: Channel, address: string, pointer: string): void {
  const { check, wants } = FORMATS[ADDRESS_FORMAT[channel]];
  if (!check(address)) {
    throw new ProblemError('validation', undefined, { errors: [{ pointer, detail: `must be ${wants}` }] });
  }
}

function toView({ channel, hint, reason, deliveryId, createdAt }: SuppressionEntry): SuppressionDto {
  return { channel, hint, reason, deliveryId: deliveryId ?? undefined, createdAt: createdAt.toISOString() };
}
