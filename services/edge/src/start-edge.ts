import { type RequestListener } from 'node:http';
import { Database, exposePool } from '@herald/db';
import { type Health, type Logger, type Metrics, parseEncryptionKeys, SecretBox } from '@herald/platform';
import { createEdgeApp } from './app';
import { type EdgeConfig } from './config';

export interface EdgeOptions {
  config: Pick<EdgeConfig, 'crypto' | 'http' | 'postgres' | 'publicUrl'>;
  logger: Logger;
  metrics: Metrics;
  health: Health;
}

export interface RunningEdge {
  /** Answers everything that the edge serves. */
  handler: RequestListener;
  /** Closes what it holds; call it once no new requests come. */
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
  const { publicUrl, http } = config;
  const handler = createEdgeApp({ db, box, publicUrl, logger, metrics, health, trustProxy: http.trustProxy });
  health.add('postgres', () => db.ping());
  exposePool(metrics, 'edge', db);
  return { handler, stop: () => db.close() };
}
