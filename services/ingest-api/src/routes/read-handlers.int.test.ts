import {
  CancelResultDto,
  type CompiledValidator,
  compileValidator,
  DeliveryDto,
  type DtoClass,
  INGEST_ROUTES,
  type NotificationDto,
  NotificationPageDto,
  NotificationSummaryDto,
  type SendNotificationDto,
} from '@herald/contracts';
import {
  acceptNotifications,
  claimDeliveries,
  Database,
  type OutcomeRecord,
  recordOutcomes,
} from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import {
  createHttpApp,
  createLogger,
  Health,
  Metrics,
  mountRoutes,
  type TenantPrincipal,
} from '@herald/platform';
import { createProducerConnection, DeliveryQueues, type RedisClient, untilConnected } from '@herald/queue';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import { type Express } from 'express';
import request from 'supertest';
import { createReadHandlers } from '.';

const READ_ROUTES = INGEST_ROUTES.filter(
  (route) => !['sendNotification', 'sendBatch'].includes(route.operationId),
) as Exclude<(typeof INGEST_ROUTES)[number], { operationId: 'sendNotification' | 'sendBatch' }>[];

const logger = createLogger({ service: 'test', level: 'silent' });
const database = useTestDatabase();
const redisServer = useTestRedis();
let db: Database;
let queues: DeliveryQueues;
let redis: RedisClient;
let app: Express;
/** Who calls: a test changes it. */
let principal: TenantPrincipal;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 5,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
  redis = createProducerConnection(redisServer);
  await untilConnected(redis, 5000);
  queues = new DeliveryQueues(redis, redisServer.prefix, () => undefined);
  app = createHttpApp({ service: 'test', logger, metrics: new Metrics(), health: new Health() });
  mountRoutes(app, READ_ROUTES, createReadHandlers({ db, queues, logger }), {
    authenticate: () => principal,
  });
});
beforeEach(() => {
  principal = newPrincipal();
});
afterAll(async () => {
  await queues.close();
  redis.disconnect();
  await db.close();
});

function newPrincipal(over: Partial<TenantPrincipal> = {}): TenantPrincipal {
  return {
    kind: 'tenant',
    keyId: newId(Date.now()),
    tenantId: newId(Date.now()),
    live: true,
    scopes: new Set(['notifications:write', 'notifications:read'] as const),
    rateLimit: { burst: 10, perSecond: 10 },
    ...over,
  };
}

async function accept(over: Partial<SendNotificationDto> = {}) {
  const dto = { to: [{ phone: '+4915112345678' }], content: { sms: { body: 'Hello' } }, ...over };
  const plan = planNotification(dto, { tenantId: principal.tenantId, now: Date.now() });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  const { notification } = plan;
  const { keyId, live } = principal;
  await acceptNotifications(db, [{ notification, apiKeyId: keyId, live, response: '' }]);
  return { id: notification.id, deliveryIds: notification.deliveries.map((d) => d.id) };
}

async function attempt(
  deliveryId: string,
  end: Pick<OutcomeRecord, 'state' | 'reason' | 'delayMs'>,
): Promise<void> {
  const [claimed] = await claimDeliveries(db, [deliveryId], 60_000);
  if (!claimed) throw new Error('The delivery could not be claimed');
  const { id, tenantId, claim, attempt: number } = claimed;
  const outcome = end.state === 'sent' ? ('accepted' as const) : ('retry' as const);
  const called = { provider: 'twilio', startedAt: new Date(), durationMs: 3, outcome, code: 'http_503' };
  await recordOutcomes(db, [{ id, tenantId, claim, attempt: number, ...end, called }]);
}

const DEAD = { state: 'dead', reason: 'retries_exhausted' } as const;

const validators = new Map<DtoClass, CompiledValidator>();

/** Holds a value against its DTO, unknown fields included. */
function expectToBe(dto: DtoClass, value: unknown): void {
  const validate = validators.get(dto) ?? compileValidator(dto);
  validators.set(dto, validate);
  expect(validate(value)).toBeUndefined();
}

async function get<T>(path: string, dto?: DtoClass<T>): Promise<T> {
  const { body } = await request(app).get(path).expect(200);
  if (dto) expectToBe(dto, body);
  return body as T;
}

describe('GET /v1/notifications/{id} and /v1/deliveries/{id}', () => {
  it('answer as their DTOs say', async () => {
    const { id, deliveryIds } = await accept({ metadata: { orderId: '42' } });
    await attempt(deliveryIds[0] as string, { state: 'sent' });
    const notification = await get<NotificationDto>(`/v1/notifications/${id}`);
    const { deliveries, ...summary } = notification;
    expectToBe(NotificationSummaryDto, summary);
    for (const each of deliveries) expectToBe(DeliveryDto, each);
    expect(notification).toMatchObject({
      id,
      state: 'completed',
      counts: { sent: 1 },
      metadata: { orderId: '42' },
    });
    const delivery = await get(`/v1/deliveries/${deliveryIds[0]}`, DeliveryDto);
    expect(notification.deliveries).toEqual([delivery]);
  });

  it('know nothing of other tenants, of the other mode, and of what is no id', async () => {
    const { id, deliveryIds } = await accept();
    const owner = principal;
    const paths = [`notifications/${id}`, `deliveries/${deliveryIds[0]}`];
    for (const stranger of [newPrincipal(), { ...owner, live: false }]) {
      principal = stranger;
      for (const path of paths) await request(app).get(`/v1/${path}`).expect(404);
      await request(app).post(`/v1/notifications/${id}/cancel`).expect(404);
      await request(app).post(`/v1/deliveries/${deliveryIds[0]}/retry`).expect(404);
    }
    principal = owner;
    for (const path of paths) await request(app).get(`/v1/${path}`).expect(200);
    const { body } = await request(app).get('/v1/notifications/42').expect(404);
    expect(body).toMatchObject({ type: 'urn:herald:problem:not-found' });
  });
});

describe('GET /v1/notifications', () => {
  it('gives pages by cursor, each as its DTO says', async () => {
    const ids: string[] = [];
    for (let i = 0; i < 7; i += 1) ids.unshift((await accept({ metadata: { batch: 'a' } })).id);
    await accept({ metadata: { batch: 'b' } });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = `limit=3&metadata.batch=a${cursor ? `&cursor=${cursor}` : ''}`;
      const page = await get(`/v1/notifications?${query}`, NotificationPageDto);
      seen.push(...page.items.map((item) => item.id));
      cursor = page.nextCursor;
    } while (cursor);
    expect(seen).toEqual([...ids].sort().reverse());
  });

  it('filters by state, channel, recipient, time and metadata at once', async () => {
    const { id, deliveryIds } = await accept({ metadata: { orderId: '42', 'shop.name': 'a b' } });
    await accept({ metadata: { orderId: '43' } });
    await attempt(deliveryIds[0] as string, { state: 'sent' });
    const found = async (query: string) =>
      (await get(`/v1/notifications?${query}`, NotificationPageDto)).items.map((item) => item.id);
    const recent = `from=${new Date(Date.now() - 60_000).toISOString()}&to=${new Date(Date.now() + 1000).toISOString()}`;
    expect(
      await found(
        `state=sent&channel=sms&recipient=+4915112345678&metadata.orderId=42&metadata.shop.name=a%20b&${recent}`,
      ),
    ).toEqual([id]);
    expect(await found('state=sent&metadata.orderId=43')).toEqual([]);
    expect(await found('recipient=%2B4915112345679')).toEqual([]);
    expect(await found(`to=${new Date(Date.now() - 60_000).toISOString()}`)).toEqual([]);
  });

  it.each([
    ['/query/state', 'state=gone'],
    ['/query/limit', 'limit=0'],
    ['/query/limit', 'limit=201'],
    ['/query/from', 'from=yesterday'],
    ['/query/cursor', 'cursor=x'],
    ['/query/other', 'other=1'],
    ['/query/other', 'other.x=1'],
    ['/query/metadata', 'metadata=1'],
    ['/query/metadata/__proto__', 'metadata.__proto__=1'],
    ['/query/metadata', `metadata.x=${'y'.repeat(600)}`],
    ['/query/metadata', 'metadata.x=%00'],
    ['/query/state', 'state=sent&state=dead'],
  ])('refuses a wrong %s', async (pointer, query) => {
    const { body } = await request(app).get(`/v1/notifications?${query}`).expect(422);
    expect(body.errors).toEqual([{ pointer, detail: expect.any(String) }]);
  });
});

describe('POST /v1/notifications/{id}/cancel', () => {
  it('tells what was canceled and what was not, and the same again', async () => {
    const { id, deliveryIds } = await accept({
      to: [{ phone: '+4915112345678' }, { phone: '+4915112345679' }],
    });
    await attempt(deliveryIds[0] as string, { state: 'sent' });
    const expected = {
      id,
      state: 'completed',
      canceled: [
        {
          id: deliveryIds[1],
          recipient: 1,
          channel: 'sms',
          state: 'canceled',
          reason: 'canceled_by_request',
        },
      ],
      notCanceled: [{ id: deliveryIds[0], recipient: 0, channel: 'sms', state: 'sent' }],
    };
    for (let round = 0; round < 2; round += 1) {
      const { body } = await request(app).post(`/v1/notifications/${id}/cancel`).expect(200);
      expect(body).toEqual(expected);
      expectToBe(CancelResultDto, body);
    }
  });

  it('is not for keys that may only read', async () => {
    const { id } = await accept();
    principal = { ...principal, scopes: new Set(['notifications:read'] as const) };
    await request(app).post(`/v1/notifications/${id}/cancel`).expect(403);
    await request(app).get(`/v1/notifications/${id}`).expect(200);
  });
});

describe('POST /v1/deliveries/{id}/retry', () => {
  it('puts a dead letter back and rings for it', async () => {
    const { deliveryIds } = await accept({ priority: 'critical' });
    const id = deliveryIds[0] as string;
    await attempt(id, DEAD);
    await queues.showDead([{ id, channel: 'sms', reason: DEAD.reason }]);
    const { body } = await request(app).post(`/v1/deliveries/${id}/retry`).expect(202);
    expectToBe(DeliveryDto, body);
    expect(body).toMatchObject({ id, state: 'queued', reason: 'replayed' });
    const waiting = await queues.heads('sms', 'critical', [principal.tenantId]);
    expect(waiting[0]?.ids).toContain(id);
    expect(await redis.keys(`${redisServer.prefix}:sms-dead:dead-${id}`)).toEqual([]);
  });

  it('is refused with the state when there is nothing to try again', async () => {
    const { deliveryIds } = await accept();
    const id = deliveryIds[0] as string;
    await attempt(id, { state: 'sent' });
    const { body } = await request(app).post(`/v1/deliveries/${id}/retry`).expect(409);
    expect(body).toMatchObject({ type: 'urn:herald:problem:conflict', state: 'sent' });
    expect(body.detail).toContain('sent');
    const later = await accept({ sendAt: new Date(Date.now() + 3_600_000).toISOString() });
    const refused = await request(app).post(`/v1/deliveries/${later.deliveryIds[0]}/retry`).expect(409);
    expect(refused.body.detail).toContain('cancel');
  });

  it('works without Redis: the delivery is durable in the queue', async () => {
    const away = createProducerConnection(redisServer);
    await untilConnected(away, 5000);
    const deaf = new DeliveryQueues(away, redisServer.prefix, () => undefined);
    away.disconnect();
    const alone = createHttpApp({ service: 'test', logger, metrics: new Metrics(), health: new Health() });
    mountRoutes(alone, READ_ROUTES, createReadHandlers({ db, queues: deaf, logger }), {
      authenticate: () => principal,
    });
    const { deliveryIds } = await accept();
    await attempt(deliveryIds[0] as string, DEAD);
    const { body } = await request(alone).post(`/v1/deliveries/${deliveryIds[0]}/retry`).expect(202);
    expect(body).toMatchObject({ state: 'queued' });
    expect(await claimDeliveries(db, deliveryIds, 60_000)).toHaveLength(1);
    await deaf.close();
  });
});
