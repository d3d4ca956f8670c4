import { randomBytes } from 'node:crypto';
import {
  acceptNotifications,
  claimDeliveries,
  createProviderConfig,
  createTenant,
  Database,
  findProviderConfig,
  recordOutcomes,
} from '@herald/db';
import { newId, planNotification } from '@herald/domain';
import { createLogger, Health, Metrics, SecretBox } from '@herald/platform';
import { type Express } from 'express';
import { createEdgeApp } from '../app';
import { type ReceiptProvider, receiptProviders } from '../receipts/receipt-providers';
import { type ReceiptsOptions, type RunningReceipts, startReceipts } from '../receipts/start-receipts';

export const PUBLIC_URL = 'https://edge.example.com/herald';
export const AUTH_TOKEN = 'a-token-that-signs-callbacks';

export interface TestEdge {
  db: Database;
  app: Express;
  metrics: Metrics;
  box: SecretBox;
  receipts: RunningReceipts;
  /** Applies what waits and disconnects. */
  close(): Promise<void>;
}

export type TestEdgeOptions = Pick<ReceiptsOptions, 'holdMs' | 'pollEveryMs' | 'maxHeld'> & {
  /** Of another edge, to read the same configurations. */
  box?: SecretBox;
  /** Providers that no registry knows, by id. */
  scripted?: ReadonlyMap<string, ReceiptProvider>;
};

const newBox = () => new SecretBox([{ id: 'test', key: randomBytes(32) }]);

/** The edge on a database, with a key of its own; the public URL has a path, as behind an ingress that strips it. */
export async function openTestEdge(
  databaseUrl: string,
  { box = newBox(), scripted = new Map(), ...options }: TestEdgeOptions = {},
): Promise<TestEdge> {
  const db = await Database.connect({
    url: databaseUrl,
    poolSize: 5,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    applicationName: 'test',
  });
  const metrics = new Metrics();
  const logger = createLogger({ service: 'edge', level: 'silent' });
  const registered = receiptProviders({ find: (id) => findProviderConfig(db, id), box });
  const findProvider = async (id: string) => scripted.get(id) ?? registered(id);
  const receipts = startReceipts({ db, findProvider, logger, metrics, ...options });
  const health = new Health();
  const { store } = receipts;
  const app = createEdgeApp({ findProvider, store, publicUrl: PUBLIC_URL, logger, metrics, health });
  const close = async () => {
    await receipts.stop();
    await db.close();
  };
  return { db, app, metrics, box, receipts, close };
}

/** A new tenant with a Twilio account. */
export async function addTwilioTenant({ db, box }: TestEdge, enabled = true) {
  const tenantId = newId(Date.now());
  await createTenant(db, { id: tenantId, name: 'Shop' }, { id: newId(Date.now()), secret: 'sealed' });
  const id = newId(Date.now());
  const config = { accountSid: `AC${'0'.repeat(32)}`, authToken: AUTH_TOKEN, from: '+15005550006' };
  const sealed = box.seal(config, `provider_configs:${id}`);
  const row = { id, tenantId, channel: 'sms', type: 'twilio', name: 'twilio', position: 0 } as const;
  await createProviderConfig(db, { ...row, config: sealed, enabled });
  return { tenantId, providerId: id };
}

/** An SMS that Twilio accepted as `SM1`; gives the delivery's id. */
export async function sendSms({ db }: TestEdge, tenantId: string, phone = '+4915112345678'): Promise<string> {
  const plan = planNotification(
    { to: [{ phone }], content: { sms: { body: 'Hello' } } },
    { tenantId, now: Date.now() },
  );
  if (!plan.ok) throw new Error('The request is not valid');
  await acceptNotifications(db, [
    { notification: plan.notification, apiKeyId: tenantId, live: true, response: '' },
  ]);
  const ids = plan.notification.deliveries.map((delivery) => delivery.id);
  const [claimed] = await claimDeliveries(db, ids, 60_000);
  if (!claimed) throw new Error('The delivery could not be claimed');
  const { id, claim, attempt } = claimed;
  const called = {
    provider: 'twilio',
    startedAt: new Date(),
    durationMs: 5,
    outcome: 'accepted',
    providerMessageId: 'SM1',
  } as const;
  await recordOutcomes(db, [{ id, tenantId, claim, attempt, state: 'sent', called }]);
  return id;
}
