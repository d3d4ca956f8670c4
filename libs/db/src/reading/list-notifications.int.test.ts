import { type NotificationSummaryDto } from '@herald/contracts';
import { addressKey, idTime } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { cancelNotification } from '../controlling/cancel-notification';
import { findNotifications, type NotificationFilter } from './find-notifications';
import { listNotifications } from './list-notifications';
import { type Owner } from './owner';
import {
  acceptAll,
  acceptOne,
  connectForTest,
  newOwner,
  sendOne,
  type TestRequest,
} from './testing/notifications';

const DAY = 86_400_000;
const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(() => {
  owner = newOwner();
});
afterAll(() => db.close());

/** Every page of a list, read to its end. */
async function allPages(filter: Omit<NotificationFilter, 'limit'>, limit: number, of = owner) {
  const items: NotificationSummaryDto[] = [];
  for (let cursor: string | undefined; ; ) {
    const page = await listNotifications(db, of, { ...filter, cursor, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    if (page.nextCursor === undefined) return items;
    cursor = page.nextCursor;
  }
}

const idsOf = (items: readonly { id: string }[]) => items.map((item) => item.id);
const newestFirst = (items: readonly { id: string }[]) => idsOf(items).sort().reverse();

describe('listNotifications', () => {
  it('gives complete pages without repeats, also within one millisecond', async () => {
    const now = Date.now();
    const requests: TestRequest[] = Array.from({ length: 95 }, (_, i) => ({
      // 40 in one millisecond, the others over minutes and days.
      now: i < 40 ? now : now - i * 7_000_000,
      metadata: { group: String(i % 3), index: String(i) },
      to: [{ phone: i % 2 ? '+4915112345678' : '+4915112345679', email: 'Ada@example.com' }],
      channels: i % 5 === 0 ? ['sms', 'email'] : ['sms'],
      content: { sms: { body: 'Hello' }, email: { subject: 'Hi', text: 'Hello' } },
    }));
    const accepted = await acceptAll(db, owner, requests);
    const expected = (wanted: (request: TestRequest, index: number) => boolean) =>
      newestFirst(accepted.filter((_, i) => wanted(requests[i] as TestRequest, i)));
    const phone = [addressKey(owner.tenantId, 'sms', '+4915112345678')];
    const email = [addressKey(owner.tenantId, 'email', 'ADA@example.com')];

    for (const limit of [1, 7, 95, 200]) {
      expect(idsOf(await allPages({}, limit))).toEqual(expected(() => true));
    }
    for (const limit of [4, 50]) {
      expect(idsOf(await allPages({ channel: 'email' }, limit))).toEqual(expected((_, i) => i % 5 === 0));
      expect(idsOf(await allPages({ metadata: { group: '1' } }, limit))).toEqual(
        expected((_, i) => i % 3 === 1),
      );
      expect(idsOf(await allPages({ addressKeys: phone }, limit))).toEqual(expected((_, i) => i % 2 === 1));
      expect(idsOf(await allPages({ addressKeys: email, metadata: { group: '2' } }, limit))).toEqual(
        expected((_, i) => i % 5 === 0 && i % 3 === 2),
      );
      expect(idsOf(await allPages({ channel: 'email', metadata: { group: '0' } }, limit))).toEqual(
        expected((_, i) => i % 15 === 0),
      );
    }
    const from = now - 60 * 7_000_000;
    const to = now - 40 * 7_000_000;
    expect(idsOf(await allPages({ from, to }, 6))).toEqual(expected((r) => r.now! >= from && r.now! <= to));
    expect(await allPages({ metadata: { group: '1', index: '2' } }, 10)).toEqual([]);
  }, 30_000);

  it('finds by the state of a delivery, wherever it lies among many', async () => {
    const now = Date.now();
    const accepted = await acceptAll(
      db,
      owner,
      Array.from({ length: 2300 }, (_, i) => ({ now: now - i * 500 })),
    );
    const sent = [accepted[3], accepted[1500], accepted[2299]].map((n) => n!);
    for (const { deliveryIds } of sent) await sendOne(db, deliveryIds[0] as string);
    expect(idsOf(await allPages({ state: 'sent' }, 2))).toEqual(newestFirst(sent));
    expect(idsOf(await allPages({ state: 'sent' }, 3))).toEqual(newestFirst(sent));
    expect(await allPages({ state: 'sent', channel: 'email' }, 3)).toEqual([]);
    expect(await allPages({ state: 'queued' }, 200)).toHaveLength(2297);
  }, 30_000);

  it('goes on where a search ran out of time', async () => {
    const now = Date.now();
    const accepted = await acceptAll(
      db,
      owner,
      // Two steps of a search in one second, and one a month ago.
      Array.from({ length: 4500 }, (_, i) => ({ now: i < 4499 ? now - (i >> 3) : now - 30 * DAY })),
    );
    const sent = [accepted[4498], accepted[4499]].map((n) => n!);
    for (const { deliveryIds } of sent) await sendOne(db, deliveryIds[0] as string);
    const pages: string[][] = [];
    for (let cursor: string | undefined; ; ) {
      const page = await findNotifications(db, owner, { state: 'sent', cursor, limit: 5 }, -1);
      pages.push(page.ids);
      cursor = page.nextCursor;
      if (cursor === undefined) break;
    }
    expect(pages.length).toBeGreaterThan(2);
    expect(pages[0]).toEqual([]);
    expect(pages.flat()).toEqual(newestFirst(sent));
  }, 30_000);

  it('wants one delivery to meet all conditions', async () => {
    const { id, deliveryIds } = await acceptOne(db, owner, {
      to: [{ phone: '+4915112345678' }, { phone: '+4915112345679' }],
    });
    await sendOne(db, deliveryIds[0] as string);
    const key = (phone: string) => [addressKey(owner.tenantId, 'sms', phone)];
    const found = (filter: Omit<NotificationFilter, 'limit'>) => allPages(filter, 10).then(idsOf);
    expect(await found({ state: 'sent', addressKeys: key('+4915112345678') })).toEqual([id]);
    expect(await found({ state: 'sent', addressKeys: key('+4915112345679') })).toEqual([]);
    expect(await found({ channel: 'email', addressKeys: key('+4915112345678') })).toEqual([]);
  });

  it('shows what a list needs and how many deliveries are in each state', async () => {
    const sendAt = new Date(Date.now() + DAY).toISOString();
    const { id } = await acceptOne(db, owner, {
      to: [{ phone: '+4915112345678' }, { phone: '+4915112345679' }, { email: 'ada@example.com' }],
      sendAt,
      priority: 'bulk',
      metadata: { orderId: '42' },
    });
    const plain = await acceptOne(db, owner, { now: idTime(id) + 1 });
    await sendOne(db, plain.deliveryIds[0] as string);
    const { items } = await listNotifications(db, owner, { limit: 10 });
    expect(items).toEqual([
      {
        id: plain.id,
        state: 'completed',
        live: true,
        priority: 'default',
        createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
        counts: { sent: 1 },
      },
      {
        id,
        state: 'processing',
        live: true,
        priority: 'bulk',
        createdAt: expect.any(String),
        sendAt,
        metadata: { orderId: '42' },
        counts: { scheduled: 2, skipped: 1 },
      },
    ]);
    expect(Object.keys(items[0] as object)).not.toContain('metadata');
    await cancelNotification(db, owner, id);
    const [, canceled] = (await listNotifications(db, owner, { limit: 10 })).items;
    expect(canceled).toMatchObject({ state: 'canceled', counts: { canceled: 2, skipped: 1 } });
  });

  it('shows nothing of other tenants or of the other mode', async () => {
    const test = { ...owner, live: false };
    const request = { metadata: { orderId: '42' } };
    await acceptOne(db, newOwner(), request);
    const mine = await acceptOne(db, owner, request);
    const tried = await acceptOne(db, test, request);
    for (const filter of [
      {},
      request,
      { channel: 'sms' as const },
      { addressKeys: [addressKey(owner.tenantId, 'sms', '+4915112345678')] },
    ]) {
      expect(idsOf(await allPages(filter, 10))).toEqual([mine.id]);
      expect(idsOf(await allPages(filter, 10, test))).toEqual([tried.id]);
    }
  });

  it('finds what is older than every daily partition', async () => {
    const old = await acceptOne(db, owner, { now: Date.now() - 200 * DAY });
    const recent = await acceptOne(db, owner);
    expect(idsOf(await allPages({}, 1))).toEqual([recent.id, old.id]);
    expect(idsOf(await allPages({ channel: 'sms' }, 5))).toEqual([recent.id, old.id]);
  });
});
