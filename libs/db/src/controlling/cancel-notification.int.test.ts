import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { claimDeliveries } from '../deliveries/claim-deliveries';
import { getDelivery } from '../reading/get-delivery';
import { type Owner } from '../reading/owner';
import {
  acceptOne,
  claimOne,
  connectForTest,
  newOwner,
  recordOne,
  sendOne,
} from '../reading/testing/notifications';
import { cancelNotification } from './cancel-notification';

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

const to = (recipients: number) =>
  Array.from({ length: recipients }, (_, i) => ({ phone: `+49151123456${10 + i}` }));

describe('cancelNotification', () => {
  it('cancels what waits, marks what is being sent, leaves what ended', async () => {
    const { id, deliveryIds } = await acceptOne(db, owner, { to: [...to(3), { email: 'ada@example.com' }] });
    await sendOne(db, deliveryIds[0] as string);
    const claimed = await claimOne(db, deliveryIds[1] as string);
    const result = await cancelNotification(db, owner, id);
    expect(
      result?.map(({ recipient, state, reason, canceledNow }) => [recipient, state, reason, canceledNow]),
    ).toEqual([
      [0, 'sent', null, false],
      [1, 'sending', null, false],
      [2, 'canceled', 'canceled_by_request', true],
      [3, 'skipped', 'no_contact_point', false],
    ]);
    expect(await claimDeliveries(db, deliveryIds, 60_000)).toEqual([]);

    await recordOne(db, claimed, { state: 'queued', reason: 'retry_scheduled', delayMs: 0 });
    const after = await getDelivery(db, owner, claimed.id);
    expect(after).toMatchObject({ state: 'canceled', reason: 'canceled_by_request' });
    expect(after?.timeline.map((entry) => entry.type)).toEqual(
      expect.arrayContaining(['accepted', 'attempt', 'cancel_requested', 'canceled']),
    );
    expect(await claimDeliveries(db, deliveryIds, 60_000)).toEqual([]);
  });

  it('cancels what waits for its time or for another attempt', async () => {
    const later = await acceptOne(db, owner, { sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    const retry = await acceptOne(db, owner);
    await sendOne(db, retry.deliveryIds[0] as string, {
      state: 'scheduled',
      reason: 'retry_scheduled',
      delayMs: 600_000,
    });
    for (const { id, deliveryIds } of [later, retry]) {
      expect(await cancelNotification(db, owner, id)).toMatchObject([
        { state: 'canceled', canceledNow: true },
      ]);
      const delivery = await getDelivery(db, owner, deliveryIds[0] as string);
      expect(delivery?.timeline.at(-1)).toMatchObject({ type: 'canceled', reason: 'canceled_by_request' });
      expect(delivery).not.toHaveProperty('nextAttemptAt');
    }
    expect(
      await db.rows('SELECT 1 FROM deliveries WHERE due_at IS NOT NULL AND tenant_id = $1', [owner.tenantId]),
    ).toEqual([]);
  });

  it('can be repeated', async () => {
    const { id, deliveryIds } = await acceptOne(db, owner, { to: to(2) });
    await claimOne(db, deliveryIds[0] as string);
    await cancelNotification(db, owner, id);
    const before = await db.rows('SELECT * FROM events WHERE tenant_id = $1', [owner.tenantId]);
    expect(before).toHaveLength(2);
    expect(await cancelNotification(db, owner, id)).toMatchObject([
      { state: 'sending', canceledNow: false },
      { state: 'canceled', canceledNow: false },
    ]);
    expect(await db.rows('SELECT * FROM events WHERE tenant_id = $1', [owner.tenantId])).toEqual(before);
  });

  it('knows nothing of other tenants or of the other mode', async () => {
    const { id, deliveryIds } = await acceptOne(db, owner);
    expect(await cancelNotification(db, newOwner(), id)).toBeUndefined();
    expect(await cancelNotification(db, { ...owner, live: false }, id)).toBeUndefined();
    expect(await cancelNotification(db, owner, deliveryIds[0] as string)).toBeUndefined();
    expect(await claimDeliveries(db, deliveryIds, 60_000)).toHaveLength(1);
  });

  it('never loses a race against a claim: each delivery is claimed or canceled, and the answer is true', async () => {
    let bothHappened = 0;
    for (let round = 0; round < 60; round += 1) {
      const { id, deliveryIds } = await acceptOne(db, owner, { to: to(30) });
      const halves = [deliveryIds.slice(0, 15), deliveryIds.slice(15)];
      const cancel = () => cancelNotification(db, owner, id);
      const claims = () => halves.map((ids) => claimDeliveries(db, ids, 60_000));
      const [result, ...claimed] =
        round % 2
          ? await Promise.all([cancel(), ...claims()])
          : await Promise.all([...claims(), cancel()]).then((all) => [all.pop(), ...all]);
      const claimedIds = (claimed as { id: string }[][]).flat().map((c) => c.id);
      const answer = result as NonNullable<Awaited<ReturnType<typeof cancel>>>;
      const canceledIds = answer.filter((d) => d.canceledNow).map((d) => d.id);
      expect([...claimedIds, ...canceledIds].sort()).toEqual([...deliveryIds].sort());
      expect(answer.filter((d) => d.state === 'canceled').map((d) => d.id)).toEqual(canceledIds);
      if (claimedIds.length > 0 && canceledIds.length > 0) bothHappened += 1;

      // What was claimed knows of the cancellation, unless the claim came after it was over.
      const late = await db.rows(
        "SELECT 1 FROM deliveries WHERE notification_id = $1 AND state = 'sending' AND NOT cancel_requested",
        [id],
      );
      expect(late).toEqual([]);
    }
    expect(bothHappened).toBeGreaterThan(0);
  }, 30_000);

  it('never loses a race against the recording of an attempt', async () => {
    for (let round = 0; round < 40; round += 1) {
      const { id, deliveryIds } = await acceptOne(db, owner);
      const claimed = await claimOne(db, deliveryIds[0] as string);
      const [result] = await Promise.all([
        cancelNotification(db, owner, id),
        recordOne(db, claimed, { state: 'queued', reason: 'retry_scheduled', delayMs: 0 }),
      ]);
      expect(['sending', 'canceled']).toContain(result?.[0]?.state);
      expect(await getDelivery(db, owner, claimed.id)).toMatchObject({ state: 'canceled' });
    }
  }, 30_000);
});
