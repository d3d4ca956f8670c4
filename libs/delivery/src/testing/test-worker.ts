import { type SendNotificationDto } from '@herald/contracts';
import { acceptNotifications, type Database } from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import { createLogger, Health, Metrics, RedisConfig } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';
import { type ChannelDefinition } from '../channel';
import { type ProviderSetting } from '../provider-pool';
import { type RunningChannelWorker, startChannelWorker } from '../start-channel-worker';
import { type WorkerConfig } from '../worker-config';
import { type ScriptedProvider } from './scripted-provider';

/** SMS, where a body of "unrenderable" is what its name says. */
export const SMS_CHANNEL: ChannelDefinition<'sms'> = {
  channel: 'sms',
  render: async ({ address, content }) => {
    const { body } = content as { body: string };
    if (body === 'unrenderable') return { ok: false, detail: 'no such template' };
    return { ok: true, message: { to: address, body } };
  },
};

export const SETTING: ProviderSetting = {
  id: newId(1),
  type: 'scripted',
  position: 0,
  weight: 100,
  limits: null,
  // The scripts of a test say when it fails, and it is to be called all the same.
  breaker: 'closed',
  config: {},
  version: '1',
};

export interface TestWorkerOptions {
  databaseUrl: string;
  redis: { url: string; prefix: string };
  live: ScriptedProvider;
  simulated: ScriptedProvider;
  metrics?: Metrics;
  worker?: Partial<WorkerConfig>;
  maxAttempts?: number;
  statementTimeoutMs?: number;
  settings?: ProviderSetting[];
  /** Beside `live`. */
  others?: ScriptedProvider[];
}

/** A worker as a service starts it, with retries that come at once. */
export function startTestWorker(options: TestWorkerOptions): Promise<RunningChannelWorker> {
  const {
    live,
    simulated,
    databaseUrl,
    redis,
    settings = [SETTING],
    others = [],
    metrics = new Metrics(),
  } = options;
  return startChannelWorker<'sms'>({
    channel: SMS_CHANNEL,
    definitions: [live, ...others].map(({ definition }) => definition),
    simulated: simulated.definition,
    findSettings: async () => [...settings],
    receiptUrl: (publicUrl, providerId, deliveryId) => `${publicUrl}/${providerId}/${deliveryId}`,
    config: {
      worker: {
        critical: 20,
        default: 50,
        bulk: 5,
        attemptTimeoutMs: 20_000,
        leaseMs: 20_000,
        providerCacheMs: 1000,
        maxConnections: 10,
        allowedTargets: [],
        edgePublicUrl: 'https://edge.example.com',
        ...options.worker,
      },
      retry: { maxAttempts: options.maxAttempts ?? 3, baseMs: 1, capMs: 1 },
      postgres: {
        url: databaseUrl,
        poolSize: 10,
        statementTimeoutMs: options.statementTimeoutMs ?? 10_000,
        connectTimeoutMs: 3000,
      },
      redis: Object.assign(new RedisConfig(), { url: redis.url, queuePrefix: redis.prefix }),
    },
    logger: createLogger({ service: 'test', level: 'silent' }),
    metrics,
    health: new Health(),
  });
}

export interface SendOptions extends Partial<SendNotificationDto> {
  tenantId: string;
  live?: boolean;
}

/** Accepts a notification as the API does, without ringing; gives the ids of its deliveries. */
export async function acceptSms(
  db: Database,
  { tenantId, live = true, ...request }: SendOptions,
): Promise<string[]> {
  const dto = { to: [{ phone: '+4915112345678' }], content: { sms: { body: 'Hello' } }, ...request };
  const plan = planNotification(dto, { tenantId, now: Date.now() });
  if (!plan.ok) throw new Error(JSON.stringify(plan.errors));
  const { notification } = plan;
  await acceptNotifications(db, [{ notification, apiKeyId: tenantId, live, response: '' }]);
  return notification.deliveries.map((delivery) => delivery.id);
}

/** Accepts and rings, as the API does. */
export async function sendSms(db: Database, queues: DeliveryQueues, options: SendOptions): Promise<string[]> {
  const ids = await acceptSms(db, options);
  await queues.ring(
    ids.map((id) => ({
      id,
      tenantId: options.tenantId,
      channel: 'sms',
      lane: options.priority ?? 'default',
    })),
  );
  return ids;
}
