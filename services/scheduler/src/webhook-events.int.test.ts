import {
  createTenant,
  createWebhookEndpoint,
  Database,
  findWebhookEndpoint,
  type WebhookEndpoint,
} from '@herald/db';
import { newId } from '@herald/domain';
import { createLogger, Metrics } from '@herald/platform';
import { createProducerConnection, DeliveryQueues, type RedisClient, untilConnected } from '@herald/queue';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import { webhookEventMetrics } from './webhook-event-metrics';
import { endpointHealthTurn, feedTurn } from './webhook-events';

const database = useTestDatabase();
const redis = useTestRedis();
const go = new AbortController().signal;
let db: Database;
let client: RedisClient;
let queues: DeliveryQueues;
let metrics: Metrics;
let tenantId: string;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 10,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
  client = createProducerConnection(redis);
  await untilConnected(client, 5000);
  queues = new DeliveryQueues(client, redis.prefix, () => undefined);
});
beforeEach(async () => {
  metrics = new Metrics();
  tenantId = newId(Date.now());
  await createTenant(db, { id: tenantId, name: 'Test' }, { id: newId(Date.now()), secret: 'sealed' });
});
afterAll(async () => {
  await queues.close();
  client.disconnect();
  await db.close();
});

const depsOf = (over: object = {}) => ({
  db,
  queues,
  logger: createLogger({ service: 'test', level: 'silent' }),
  metrics: webhookEventMetrics(metrics),
  ...over,
});
async function newEndpoint(): Promise<WebhookEndpoint> {
  const id = newId(Date.now());
  const endpoint = { id, tenantId, live: true, url: `https://example.com/${id}`, events: null };
  return (await createWebhookEndpoint(db, endpoint, 20))!;
}
const happen = (endpointId: string, count: number) =>
  db.rows(
    `INSERT INTO webhook_events (id, tenant_id, endpoint_id, type, data)
     SELECT herald_new_id(), $1, $2, 'delivery.sent', '{}' FROM generate_series(1, $3)`,
    [tenantId, endpointId, count],
  );
const outbox = () => db.rows('SELECT id FROM webhook_events WHERE tenant_id = $1', [tenantId]);
const waiting = async () => (await queues.figures('webhook', 'default')).deliveries;

describe('feedTurn', () => {
  it('empties the outbox and rings for what it makes, also together with another scheduler', async () => {
    const { id } = await newEndpoint();
    await happen(id, 1200);
    const before = await waiting();
    await Promise.all([feedTurn(depsOf(), go), feedTurn(depsOf(), go)]);
    await feedTurn(depsOf(), go);
    expect(await outbox()).toEqual([]);
    expect((await waiting()) - before).toBe(1200);
    const made = await db.rows('SELECT DISTINCT notification_id FROM deliveries WHERE endpoint_id = $1', [
      id,
    ]);
    expect(made).toHaveLength(1200);
    const { body } = await metrics.render();
    expect(body).toContain('herald_webhook_events_total{type="delivery.sent"} 1200');
    expect(body).toContain('herald_webhook_outbox_events 0');
  });

  it('leaves everything in the outbox without Redis, and when it is told to stop; and says what waits', async () => {
    const { id } = await newEndpoint();
    await happen(id, 3);
    await db.rows(
      "UPDATE webhook_events SET created_at = now() - interval '90 seconds' WHERE tenant_id = $1",
      [tenantId],
    );
    await feedTurn(
      depsOf({ queues: { available: false, ring: () => Promise.reject(new Error('away')) } }),
      go,
    );
    await feedTurn(depsOf(), AbortSignal.abort());
    expect(await outbox()).toHaveLength(3);
    const { body } = await metrics.render();
    expect(body).toContain('herald_webhook_outbox_events 3');
    const age = /herald_webhook_outbox_oldest_age_seconds (\d+)/.exec(body)?.[1];
    expect(Number(age)).toBeGreaterThanOrEqual(90);
    await feedTurn(depsOf(), go);
    expect(await outbox()).toEqual([]);
  });
});

describe('endpointHealthTurn', () => {
  const fail = (id: string, days: number) =>
    db.rows(
      `UPDATE webhook_endpoints SET failing_since = now() - $2 * interval '1 day', failed_at = now() WHERE id = $1`,
      [id, days],
    );
  const now = async ({ id }: WebhookEndpoint) => await findWebhookEndpoint(db, { tenantId }, id);

  it('disables what has failed for five days, once, and counts it', async () => {
    const [broken, recent, well] = [await newEndpoint(), await newEndpoint(), await newEndpoint()];
    await fail(broken.id, 5.01);
    await fail(recent.id, 4.99);
    await Promise.all([endpointHealthTurn(depsOf(), go), endpointHealthTurn(depsOf(), go)]);
    await endpointHealthTurn(depsOf(), go);
    expect(await now(broken)).toMatchObject({ enabled: false, disabledReason: 'failing' });
    for (const endpoint of [recent, well]) expect(await now(endpoint)).toMatchObject({ enabled: true });
    expect(await outbox()).toHaveLength(2);
    const { body } = await metrics.render();
    expect(body).toContain('herald_webhook_endpoints_disabled_total{reason="failing"} 1');
  });
});
