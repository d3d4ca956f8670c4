import { type Database, migrate } from '@herald/db';
import { generateEncryptionKey } from '@herald/platform';
import { type ServiceProcess, startService, untilReady } from '../processes/service-process';
import { connect } from '../stage';
import { type StopList } from '../stop-list';

/** Services for webhooks on a database and queues of their own; the worker is started and stopped by hand. */
export interface WebhookHouse {
  db: Database;
  apiPort: number;
  encryptionKeys: string;
  startWorker(): Promise<ServiceProcess>;
}

/** Starts the ingest API and the scheduler. What was started is in `stops` also when this rejects. */
export async function startWebhookHouse(
  name: string,
  servers: { root: Database; postgresUrl: string; redisUrl: string },
  stops: StopList,
): Promise<WebhookHouse> {
  await servers.root.rows(`CREATE DATABASE ${name}`);
  const url = new URL(servers.postgresUrl);
  url.pathname = name;
  await migrate(url.href);
  const db = await connect(url.href);
  stops.add(() => db.close());
  const encryptionKeys = generateEncryptionKey();
  const env = {
    ...process.env,
    DATABASE_URL: url.href,
    REDIS_URL: servers.redisUrl,
    REDIS_QUEUE_PREFIX: `{${name}}`,
    HERALD_ENCRYPTION_KEYS: encryptionKeys,
    SHUTDOWN_DEADLINE_MS: '5000',
    EGRESS_ALLOWED_TARGETS: '127.0.0.1',
  };
  const start = async (service: string): Promise<ServiceProcess> => {
    const started = await startService({ name: service, env });
    stops.add(() => started.stop());
    await Promise.race([untilReady(started), started.failed]);
    return started;
  };
  const ingest = await start('ingest-api');
  await start('scheduler');
  return { db, apiPort: ingest.port, encryptionKeys, startWorker: () => start('worker-webhook') };
}
