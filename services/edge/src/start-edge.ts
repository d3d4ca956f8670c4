import { type RequestListener } from 'node:http';
import { Database, exposePool, findProviderConfig } from '@herald/db';
import { type Health, type Logger, type Metrics, parseEncryptionKeys, SecretBox } from '@herald/platform';
import { createEdgeApp } from './app';
import { type EdgeConfig } from './config';
import { receiptProviders } from './receipts/receipt-providers';
import { startReceipts } from './receipts/start-receipts';

export interface EdgeOptions {
  config: Pick<EdgeConfig, 'allowedTargets' | 'crypto' | 'http' | 'postgres' | 'publicUrl'>;
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

export interface RunningEdge {
  /** Answers everything that the edge serves. */
  handler: RequestListener;
  /** Applies what it took and closes what it holds; call it once no new requests come. */
  stop(): Promise<void>;
}

/** Connects and composes the edge; listening is left to the caller. */
export async function startEdge({ config, logger, metrics, health }: EdgeOptions): Promise<RunningEdge> {
  const db = await Database.connect({
    ...config.postgres,
    applicationName: 'herald-edge',
    onConnectionError: (error) => logger.warn({ err: error }, 'a database connection broke'),
  });
  const box = new SecretBox(parseEncryptionKeys(config.crypto.encryptionKeys));
  const findProvider = receiptProviders({ find: (id) => findProviderConfig(db, id), box });
  const receipts = startReceipts({ db, findProvider, logger, metrics });
  const { publicUrl, allowedTargets, http } = config;
  const { trustProxy } = http;
  const { store } = receipts;
  const handler = createEdgeApp({
    findProvider,
    store,
    publicUrl,
    allowedTargets,
    logger,
    metrics,
    health,
    trustProxy,
  });
  health.add('postgres', () => db.ping());
  exposePool(metrics, 'edge', db);
  return {
    handler,
    stop: async () => {
      await receipts.stop();
      await db.close();
    },
  };
}
