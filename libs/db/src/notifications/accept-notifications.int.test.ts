import { type SendNotificationDto } from '@herald/contracts';
import { idTime, newId, planNotification } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { loadAttachments } from '../deliveries/load-attachments';
import { connectForTest } from '../reading/testing/notifications';
import { type Acceptance, type AcceptResult, acceptNotifications } from './accept-notifications';

const TRACEPARENT = `00-${'a1'.repeat(16)}-${'b2'.repeat(8)}-01`;
const database = useTestDatabase();
const pools: Database[] = [];
let db: Database;
let tenantId: string;

beforeAll(async () => {
  for (let n = 0; n < 5; n += 1) pools.push(await connectForTest(database.url));
  db = pools[0] as Database;
});
beforeEach(() => {
  tenantId = newId(Date.now());
});
afterAll(() => Promise.all(pools.map((pool) => pool.close())));

const FINGERPRINT = 'ab'.repeat(32);
const OTHER_FINGERPRINT = 'cd'.repeat(32);

function acceptance(request: Partial<SendNotificationDto> = {}, over: Partial<Acceptance> = {}): Acceptance {
  const dto = { to: [{ phone: '+4915112345678' }], content: { sms: { body: 'Hello' } }, ...request };
  const plan = planNotification(dto, { tenantId, now: Date.now() });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  const { notification } = plan;
  return { notification, apiKeyId: newId(1), live: true, response: `answer ${notification.id}`, ...over };
}

const withKey = (key: string, over: { fingerprint?: string; keepMs?: number } = {}): Acceptance =>
  acceptance({}, { idempotency: { key, fingerprint: FINGERPRINT, keepMs: 60_000, ...over } });

const notificationRows = () =>
  db.rows('SELECT * FROM notifications WHERE tenant_id = $1 ORDER BY id', [tenantId]);
const deliveryRows = () =>
  db.rows('SELECT * FROM deliveries WHERE tenant_id = $1 ORDER BY recipient, channel', [tenantId]);
const kinds = (results: AcceptResult[]) => results.map((result) => result.kind);

describe('acceptNotifications', () => {
  it('makes the notification and each delivery durable, as planned', async () => {
    const a = acceptance(
      {
        to: [
          { email: 'Ada@example.com', locale: 'de-DE', timezone: 'Europe/Berlin' },
          { email: 'bob@example.com', phone: '+4915112345678' },
        ],
        content: { email: { subject: 'Grüße 👋', html: '<p>"\\</p>' }, sms: { body: 'Hello' } },
        priority: 'critical',
        delivery: 'at_most_once',
        expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
        metadata: { orderId: '42' },
      },
      { live: false, requestId: 'request-1', traceparent: TRACEPARENT },
    );
    expect(await acceptNotifications(db, [a])).toEqual([{ kind: 'accepted' }]);

    const { notification } = a;
    const expiresAt = new Date(notification.expiresAt as string);
    expect(await notificationRows()).toEqual([
      {
        id: notification.id,
        tenant_id: tenantId,
        api_key_id: a.apiKeyId,
        live: false,
        lane: 'critical',
        policy: 'at_most_once',
        content: notification.content,
        metadata: { orderId: '42' },
        send_at: null,
        endpoint_id: null,
        expires_at: expiresAt,
        canceled_at: null,
        receipt_wait_ms: null,
        request_id: 'request-1',
        traceparent: TRACEPARENT,
        created_at: expect.any(Date),
      },
    ]);
    const rows = await deliveryRows();
    expect(rows).toHaveLength(4);
    for (const [index, planned] of notification.deliveries.entries()) {
      const row = rows[index] as Record<string, unknown>;
      expect(row).toMatchObject({
        id: planned.id,
        notification_id: notification.id,
        recipient: planned.recipient,
        channel: planned.channel,
        lane: 'critical',
        live: false,
        policy: 'at_most_once',
        address: planned.address ?? null,
        locale: planned.locale ?? null,
        timezone: planned.timezone ?? null,
        state: planned.state,
        reason: planned.reason ?? null,
        claim: 0,
        attempts: 0,
        lease_until: null,
        wake_at: null,
        expires_at: expiresAt,
      });
      expect((row.address_key as Buffer | null)?.toString('hex')).toBe(planned.addressKey);
    }
  });

  it('makes queued deliveries due now, and skipped ones never', async () => {
    await acceptNotifications(db, [acceptance({ to: [{ phone: '+4915112345678' }, {}] })]);
    const [queued, skipped] = await deliveryRows();
    expect(queued).toMatchObject({ state: 'queued', reason: null });
    expect(queued?.due_at).toEqual(queued?.first_due_at);
    expect(skipped).toMatchObject({
      state: 'skipped',
      reason: 'no_contact_point',
      due_at: null,
      wake_at: null,
    });
  });

  it('lets a delivery expire with its own content, if that is sooner', async () => {
    const [soon, later] = [60_000, 120_000].map((ms) => new Date(Date.now() + ms).toISOString());
    const to = [{ phone: '+4915112345678', recipient: 'ada' }];
    const content = { sms: { body: 'Hello' }, inapp: { title: 'Hello', expiresAt: soon } };
    const [given, earlier] = [acceptance({ to, content, expiresAt: later }), acceptance({ to, content })];
    await acceptNotifications(db, [given, earlier]);
    const rows = await db.rows<{ channel: string; notification_id: string; expires_at: Date | null }>(
      'SELECT channel, notification_id, expires_at FROM deliveries WHERE tenant_id = $1',
      [tenantId],
    );
    const ends = (id: string) =>
      rows
        .filter((row) => row.notification_id === id)
        .map((row) => `${row.channel} ${row.expires_at?.toISOString()}`)
        .sort();
    expect(ends(given.notification.id)).toEqual([`inapp ${soon}`, `sms ${later}`]);
    expect(ends(earlier.notification.id)).toEqual([`inapp ${soon}`, 'sms undefined']);
  });

  it('lets scheduled deliveries wake at their time and be due at none', async () => {
    const sendAt = new Date(Date.now() + 3_600_000);
    await acceptNotifications(db, [acceptance({ sendAt: sendAt.toISOString() })]);
    expect(await deliveryRows()).toMatchObject([
      {
        state: 'scheduled',
        reason: 'scheduled_by_request',
        due_at: null,
        wake_at: sendAt,
        first_due_at: sendAt,
      },
    ]);
    expect(await notificationRows()).toMatchObject([{ send_at: sendAt }]);
  });

  it('takes every time that the API takes', async () => {
    const day = new Date(Date.now() + 86_400_000).toISOString().slice(0, 19);
    const requests = ['Z', '+23:59', '-23:59', '.123456789Z', '+16:00'].map((zone) =>
      acceptance({ sendAt: `${day}${zone}`, expiresAt: '9999-12-31T23:59:59Z' }),
    );
    expect(kinds(await acceptNotifications(db, requests))).toEqual(Array(5).fill('accepted'));
  });

  it('keeps the bytes of attachments, in order', async () => {
    const files = [Buffer.from([0, 255, 10, 0, 39, 92]), Buffer.alloc(300_000, 7)];
    const attachments = files.map((content, n) => ({
      filename: `${n} "ä".bin`,
      contentType: 'application/octet-stream',
      contentBase64: content.toString('base64'),
    }));
    const email = { subject: 'Hello', text: 'Hello', attachments };
    const a = acceptance({ to: [{ email: 'ada@example.com' }], content: { email } });
    const plain = acceptance();
    expect(kinds(await acceptNotifications(db, [plain, a]))).toEqual(['accepted', 'accepted']);
    const stored = await loadAttachments(db, a.notification.id);
    expect(stored).toHaveLength(2);
    for (const [n, { content, filename, contentType }] of stored.entries()) {
      expect([filename, contentType]).toEqual([`${n} "ä".bin`, 'application/octet-stream']);
      expect(content.equals(files[n] as Buffer)).toBe(true);
    }
    expect(await loadAttachments(db, plain.notification.id)).toEqual([]);
  });

  it('stores a flush of many, with fan-outs, in the partitions of their days', async () => {
    const to = Array.from({ length: 30 }, (_, n) => ({ phone: `+49151123456${n + 10}` }));
    const flush = Array.from({ length: 40 }, () => acceptance({ to }));
    expect(kinds(await acceptNotifications(db, flush))).toEqual(Array(40).fill('accepted'));
    expect(await notificationRows()).toHaveLength(40);
    expect(await deliveryRows()).toHaveLength(1200);
    const strays = await db.rows(
      'SELECT 1 FROM deliveries_default UNION ALL SELECT 1 FROM notifications_default',
    );
    expect(strays).toEqual([]);
  });

  it('leaves nothing behind when one of a flush is refused', async () => {
    const poisoned = withKey('poisoned');
    poisoned.notification.content = { sms: { body: 'x' } };
    poisoned.notification.metadata = { note: 'a\u0000b' };
    await expect(acceptNotifications(db, [withKey('good'), poisoned])).rejects.toThrow('unsupported Unicode');
    expect([await notificationRows(), await deliveryRows()]).toEqual([[], []]);
    expect(kinds(await acceptNotifications(db, [withKey('good'), withKey('poisoned')]))).toEqual([
      'accepted',
      'accepted',
    ]);
  });

  it('takes a time from its id: rows of far future days go to the default partition', async () => {
    const far = Date.now() + 90 * 86_400_000;
    const a = acceptance();
    const id = newId(far);
    const deliveries = a.notification.deliveries.map((d) => ({ ...d, id: newId(far) }));
    await acceptNotifications(db, [{ ...a, notification: { ...a.notification, id, deliveries } }]);
    const found = await db.rows<{ id: string }>('SELECT id FROM deliveries_default WHERE tenant_id = $1', [
      tenantId,
    ]);
    expect(found.map((row) => idTime(row.id))).toEqual([far]);
  });
});

describe('idempotency', () => {
  it('answers a repeat with the first answer, and stores nothing more', async () => {
    const first = withKey('k');
    expect(kinds(await acceptNotifications(db, [first]))).toEqual(['accepted']);
    const results = await acceptNotifications(db, [withKey('k')]);
    expect(results).toEqual([{ kind: 'replayed', response: first.response }]);
    expect(await notificationRows()).toMatchObject([{ id: first.notification.id }]);
    expect(await deliveryRows()).toHaveLength(1);
  });

  it('refuses a key that was used with another body', async () => {
    await acceptNotifications(db, [withKey('k')]);
    expect(await acceptNotifications(db, [withKey('k', { fingerprint: OTHER_FINGERPRINT })])).toEqual([
      { kind: 'mismatch' },
    ]);
    expect(await notificationRows()).toHaveLength(1);
  });

  it('settles new ones, repeats and mismatches of one flush each on its own', async () => {
    const first = withKey('known');
    await acceptNotifications(db, [first]);
    const results = await acceptNotifications(db, [
      acceptance(),
      withKey('known'),
      withKey('new'),
      acceptance({ to: [{ phone: '+4915112345678' }, { phone: '+4915112345679' }] }),
    ]);
    expect(results).toEqual([
      { kind: 'accepted' },
      { kind: 'replayed', response: first.response },
      { kind: 'accepted' },
      { kind: 'accepted' },
    ]);
    expect(
      await acceptNotifications(db, [withKey('new', { fingerprint: OTHER_FINGERPRINT }), withKey('known')]),
    ).toEqual([{ kind: 'mismatch' }, { kind: 'replayed', response: first.response }]);
    expect(await notificationRows()).toHaveLength(4);
  });

  it('says of new ones that they are durable, although the answers to repeats cannot be read', async () => {
    await acceptNotifications(db, [withKey('known')]);
    const lost = new Error('connection lost');
    const breaking = {
      prepared: db.prepared.bind(db),
      rows: () => Promise.reject(lost),
    } as unknown as Database;
    expect(await acceptNotifications(breaking, [acceptance(), withKey('known')])).toEqual([
      { kind: 'accepted' },
      { kind: 'refused', error: lost },
    ]);
    expect(await notificationRows()).toHaveLength(2);
  });

  it('keeps keys of tenants apart, and those of test and live requests', async () => {
    await acceptNotifications(db, [withKey('k')]);
    expect(kinds(await acceptNotifications(db, [{ ...withKey('k'), live: false }]))).toEqual(['accepted']);
    tenantId = newId(Date.now());
    expect(kinds(await acceptNotifications(db, [withKey('k')]))).toEqual(['accepted']);
  });

  it('lets a key that has expired be used again, with another body', async () => {
    await acceptNotifications(db, [withKey('k', { keepMs: 0 })]);
    const again = withKey('k', { fingerprint: OTHER_FINGERPRINT });
    expect(await acceptNotifications(db, [again])).toEqual([{ kind: 'accepted' }]);
    expect(await acceptNotifications(db, [withKey('k', { fingerprint: OTHER_FINGERPRINT })])).toEqual([
      { kind: 'replayed', response: again.response },
    ]);
    expect(await notificationRows()).toHaveLength(2);
  });

  it('makes exactly one notification of 50 twins at once over several pools', async () => {
    for (let round = 0; round < 3; round += 1) {
      const key = `twins-${round}`;
      const twins = Array.from({ length: 50 }, () => withKey(key));
      const results = await Promise.all(
        twins.map((twin, n) => acceptNotifications(pools[n % pools.length] as Database, [twin])),
      );
      const winner = twins[results.findIndex(([result]) => result?.kind === 'accepted')];
      expect(results.flat().filter((result) => result.kind === 'accepted')).toHaveLength(1);
      expect(results.flat().filter((result) => result.kind === 'replayed')).toEqual(
        Array(49).fill({ kind: 'replayed', response: winner?.response }),
      );
      expect((await notificationRows()).filter((row) => row.id === winner?.notification.id)).toHaveLength(1);
      expect(await notificationRows()).toHaveLength(round + 1);
    }
  });

  it('does not deadlock when flushes bring the same keys in different orders', async () => {
    const keys = Array.from({ length: 30 }, (_, n) => `key-${n}`);
    const flushes = Array.from({ length: 20 }, (_, n) => {
      const from = (n * 7) % keys.length;
      const turned = [...keys.slice(from), ...keys.slice(0, from)];
      return (n % 2 ? turned : turned.reverse()).map((key) => withKey(key));
    });
    const results = await Promise.all(
      flushes.map((flush, n) => acceptNotifications(pools[n % pools.length] as Database, flush)),
    );
    expect(results.flat().filter((result) => result.kind === 'accepted')).toHaveLength(30);
    expect(results.flat().filter((result) => result.kind === 'replayed')).toHaveLength(570);
    expect(await notificationRows()).toHaveLength(30);
  });
});
