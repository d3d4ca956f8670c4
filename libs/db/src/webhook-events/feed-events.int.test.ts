import { idTime } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { claimDeliveries } from '../deliveries/claim-deliveries';
import { getDelivery } from '../reading/get-delivery';
import { listNotifications } from '../reading/list-notifications';
import { type Owner } from '../reading/owner';
import { acceptOne, connectForTest, sendOne } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import { deleteWebhookEndpoint, updateWebhookEndpoint } from '../webhook-endpoints/webhook-endpoint-store';
import { addTestEvent } from './add-test-event';
import { feedEvents, outboxFigures } from './feed-events';
import { newEndpoint, outboxOf } from './testing/endpoints';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  await db.rows('DELETE FROM webhook_events');
  owner = { tenantId: await newTenant(db), live: true };
});
afterAll(() => db.close());

/** Sends SMS that make one event each. */
async function happen(count: number, of: Owner = owner) {
  for (let n = 0; n < count; n += 1) {
    const { deliveryIds } = await acceptOne(db, of, { metadata: { n: String(n) } });
    await sendOne(db, deliveryIds[0]!);
  }
}
const feedOne = async () => (await feedEvents(db, 1))[0]!.delivery!.id;

it('makes a webhook of an event, with the metadata of its notification', async () => {
  const endpoint = await newEndpoint(db, owner);
  await happen(1);
  const [event] = await outboxOf(db, owner.tenantId);
  const id = await feedOne();
  expect(await outboxOf(db, owner.tenantId)).toEqual([]);
  const [claimed] = await claimDeliveries(db, [id], 60_000);
  expect(claimed).toMatchObject({
    notificationId: event!.id,
    channel: 'webhook',
    lane: 'default',
    live: true,
    policy: 'at_least_once',
    address: endpoint.url,
    attempt: 1,
    suppressed: null,
  });
  expect(claimed!.content).toEqual({
    payload: {
      id: event!.id,
      type: 'delivery.sent',
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      data: { ...event!.data, metadata: { n: '0' } },
    },
  });
  expect(
    Math.abs(
      Date.parse((claimed!.content as { payload: { createdAt: string } }).payload.createdAt) - Date.now(),
    ),
  ).toBeLessThan(60_000);
  expect(idTime(id)).toBe(idTime(event!.id));
  expect(await getDelivery(db, owner, id)).toMatchObject({ id, to: endpoint.url });
});

it('holds nothing of the address or the content', async () => {
  await newEndpoint(db, owner);
  const { deliveryIds } = await acceptOne(db, owner, {
    to: [{ phone: '+4915198765432' }],
    content: { sms: { body: 'Secret' } },
  });
  await sendOne(db, deliveryIds[0]!);
  const [claimed] = await claimDeliveries(db, [await feedOne()], 60_000);
  expect(JSON.stringify(claimed!.content)).not.toMatch(/98765432|Secret/);
});

it('takes the oldest first, up to the limit', async () => {
  await newEndpoint(db, owner);
  await happen(5);
  const ids = (await db.rows<{ id: string }>('SELECT id FROM webhook_events ORDER BY id')).map(
    ({ id }) => id,
  );
  expect(await outboxFigures(db)).toEqual({ depth: 5, oldestAgeMs: expect.any(Number) });
  const fed = await feedEvents(db, 3);
  expect(fed.map(({ type }) => type)).toEqual(Array(3).fill('delivery.sent'));
  expect((await outboxOf(db, owner.tenantId)).map(({ id }) => id).sort()).toEqual(ids.slice(3));
  await feedEvents(db, 10);
  expect(await outboxFigures(db)).toEqual({ depth: 0, oldestAgeMs: 0 });
});

it('makes each event one webhook, however many schedulers come at once', async () => {
  const endpoint = await newEndpoint(db, owner);
  await happen(40);
  const all = await Promise.all(Array.from({ length: 8 }, () => feedEvents(db, 10)));
  const ids = all.flat().map(({ delivery }) => delivery!.id);
  for (let more = await feedEvents(db, 10); more.length > 0; more = await feedEvents(db, 10))
    ids.push(...more.map(({ delivery }) => delivery!.id));
  expect(new Set(ids).size).toBe(40);
  const made = await db.rows('SELECT DISTINCT notification_id FROM deliveries WHERE endpoint_id = $1', [
    endpoint.id,
  ]);
  expect(made).toHaveLength(40);
});

it('neither loses nor doubles an event when its scheduler ends in the middle', async () => {
  const endpoint = await newEndpoint(db, owner);
  await happen(3);
  const runner = db.dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query('SELECT id FROM webhook_events FOR UPDATE');
  expect(await feedEvents(db, 10)).toEqual([]);
  await runner.rollbackTransaction();
  await runner.release();
  await db.rows(`CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'refused'; END $$`);
  await db.rows('CREATE TRIGGER refuse BEFORE INSERT ON deliveries FOR EACH ROW EXECUTE FUNCTION refuse()');
  await expect(feedEvents(db, 10)).rejects.toThrow('refused');
  await db.rows('DROP TRIGGER refuse ON deliveries');
  expect(await outboxOf(db, owner.tenantId)).toHaveLength(3);
  expect(await feedEvents(db, 10)).toHaveLength(3);
  expect(await feedEvents(db, 10)).toEqual([]);
  const made = await db.rows(
    'SELECT 1 FROM notifications n JOIN deliveries d ON d.notification_id = n.id WHERE d.endpoint_id = $1',
    [endpoint.id],
  );
  expect(made).toHaveLength(3);
});

it('drops what is for an endpoint that was disabled or deleted meanwhile', async () => {
  const [off, gone] = [await newEndpoint(db, owner), await newEndpoint(db, owner)];
  await happen(1);
  await updateWebhookEndpoint(db, owner, off.id, { enabled: false });
  await deleteWebhookEndpoint(db, owner, gone.id);
  expect(await feedEvents(db, 10)).toEqual([{ type: 'delivery.sent' }, { type: 'delivery.sent' }]);
  expect(await outboxOf(db, owner.tenantId)).toEqual([]);
});

it('what is on its way to such an endpoint is skipped', async () => {
  const [off, gone, fine] = [
    await newEndpoint(db, owner),
    await newEndpoint(db, owner),
    await newEndpoint(db, owner),
  ];
  await happen(1);
  const ids = (await feedEvents(db, 10)).map(({ delivery }) => delivery!.id);
  await updateWebhookEndpoint(db, owner, off.id, { enabled: false });
  await deleteWebhookEndpoint(db, owner, gone.id);
  const claimed = await claimDeliveries(db, ids, 60_000);
  expect(new Map(claimed.map(({ address, suppressed }) => [address, suppressed]))).toEqual(
    new Map([
      [off.url, 'endpoint_disabled'],
      [gone.url, 'endpoint_disabled'],
      [fine.url, null],
    ]),
  );
});

it("does not show among the tenant's notifications", async () => {
  const endpoint = await newEndpoint(db, owner);
  await happen(2);
  await feedEvents(db, 10);
  const key = endpoint.urlKey.toString('hex');
  for (const filter of [{}, { channel: 'webhook' }, { state: 'queued' }, { addressKeys: [key] }] as const) {
    const { items } = await listNotifications(db, owner, { ...filter, limit: 10 });
    expect(items.map(({ counts }) => counts)).toEqual(
      Object.keys(filter).length > 0 ? [] : Array(2).fill({ sent: 1 }),
    );
  }
});

it("sends a test event to the endpoint asked for, whatever it wants, if it is the tenant's and enabled", async () => {
  const endpoint = await newEndpoint(db, owner, { events: ['delivery.dead'] });
  const off = await newEndpoint(db, owner);
  await updateWebhookEndpoint(db, owner, off.id, { enabled: false });
  const { tenantId } = owner;
  const id = await addTestEvent(db, { tenantId, endpointId: endpoint.id });
  expect(await addTestEvent(db, { tenantId, endpointId: off.id })).toBeUndefined();
  expect(await addTestEvent(db, { tenantId: await newTenant(db), endpointId: endpoint.id })).toBeUndefined();
  expect(await outboxOf(db, tenantId)).toMatchObject([
    { id, type: 'endpoint.test', data: { endpointId: endpoint.id } },
  ]);
  const [claimed] = await claimDeliveries(db, [await feedOne()], 60_000);
  expect(claimed!.content).toMatchObject({
    payload: { id, type: 'endpoint.test', data: { endpointId: endpoint.id } },
  });
});
