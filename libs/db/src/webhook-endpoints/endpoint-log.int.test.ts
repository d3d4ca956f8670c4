import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { getDelivery } from '../reading/get-delivery';
import { type Owner } from '../reading/owner';
import { connectForTest, sendOne } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import { addTestEvent } from '../webhook-events/add-test-event';
import { feedEvents } from '../webhook-events/feed-events';
import { newEndpoint } from '../webhook-events/testing/endpoints';
import { listEndpointDeliveries } from './endpoint-log';
import { replayEndpoint } from './replay-endpoint';
import { updateWebhookEndpoint } from './webhook-endpoint-store';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
let endpointId: string;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  owner = { tenantId: await newTenant(db), live: true };
  endpointId = (await newEndpoint(db, owner)).id;
});
afterAll(() => db.close());

/** A test event that became a dead letter. */
async function deadEvent(): Promise<string> {
  await addTestEvent(db, { tenantId: owner.tenantId, endpointId });
  const id = (await feedEvents(db, 1))[0]!.delivery!.id;
  await sendOne(db, id, { state: 'dead', reason: 'retries_exhausted', called: { code: 'http_500' } });
  return id;
}
const replay = (over: object = {}) =>
  replayEndpoint(db, { tenantId: owner.tenantId, endpointId, states: ['dead'], limit: 100, ...over });

it('an endpoint is nothing to another tenant', async () => {
  const id = await deadEvent();
  const stranger = { tenantId: await newTenant(db), endpointId };
  expect(await listEndpointDeliveries(db, stranger, { limit: 10 })).toEqual([]);
  expect(await replay(stranger)).toEqual([]);
  expect(await listEndpointDeliveries(db, { ...stranger, ...owner }, { limit: 10 })).toMatchObject([{ id }]);
});

it('a replay goes on after the last one, and each event is replayed once by those that come together', async () => {
  const ids = [await deadEvent(), await deadEvent(), await deadEvent()].sort();
  const first = await replay({ limit: 2 });
  expect(first.map(({ id }) => id)).toEqual(ids.slice(0, 2));
  const rest = await Promise.all([1, 2, 3].map(() => replay({ after: first[1]!.id })));
  expect(rest.flat().map(({ id }) => id)).toEqual(ids.slice(2));
  expect(rest.flat()).toMatchObject([{ tenantId: owner.tenantId, channel: 'webhook', lane: 'default' }]);
});

it('a replay tells the timeline how it had ended, and is not for a disabled endpoint', async () => {
  const id = await deadEvent();
  await updateWebhookEndpoint(db, owner, endpointId, { enabled: false });
  expect(await replay()).toEqual([]);
  await updateWebhookEndpoint(db, owner, endpointId, { enabled: true });
  await replay();
  const view = await getDelivery(db, owner, id);
  expect(view?.timeline.map(({ type, reason, detail }) => [type, reason, detail])).toEqual([
    ['accepted', undefined, undefined],
    ['attempt', undefined, 'http_500'],
    ['dead', 'retries_exhausted', 'http_500'],
    ['replayed', 'replayed', undefined],
  ]);
});
