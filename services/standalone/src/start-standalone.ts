import { type RequestListener } from 'node:http';
import { AdminApiConfig, startAdmin } from '@herald/admin-api';
import { ADMIN_ROUTES } from '@herald/contracts';
import { Database, migrate } from '@herald/db';
import { startChannelWorker, WorkerServiceConfig } from '@herald/delivery';
import { EdgeConfig, startEdge } from '@herald/edge';
import { IngestConfig, startIngest } from '@herald/ingest-api';
import {
  type Environment,
  Health,
  type HttpServer,
  type Logger,
  loadConfig,
  Metrics,
  startHttpServer,
} from '@herald/platform';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import { SchedulerConfig, startScheduler } from '@herald/scheduler';
import { emailParts } from '@herald/worker-email';
import { smsParts } from '@herald/worker-sms';
import { webhookParts } from '@herald/worker-webhook';
import { type DataFolder, type DevFile, type Secrets } from './data-folder';
import { ensureDemoTenant, VONAGE_KEY } from './demo-tenant';
import { type EmbeddedServers, startServers } from './embedded-servers';
import { firstRequest } from './first-request';
import { readOpenApi } from './open-api';
import { choosePorts, type Ports } from './ports';
import { StopList } from './stop-list';

export interface Standalone {
  dev: DevFile;
  smtpPort: number;
  servers: Pick<EmbeddedServers, 'postgresKind' | 'redisKind'>;
  stop(deadlineMs: number): Promise<void>;
}

export interface StandaloneDeps {
  folder: DataFolder;
  port: number;
  portGiven: boolean;
  env: Environment;
  logger: Logger;
}

const HOST = '127.0.0.1';
const SETUP_DATABASE = {
  poolSize: 1,
  statementTimeoutMs: 10_000,
  connectTimeoutMs: 5000,
  applicationName: 'herald-standalone',
};

/**
 * Everything in one process: embedded servers, migrations, the sandbox, a demo tenant, and every service exactly as it
 * runs alone, but for metrics, health and log, which they share. What was started is stopped again when a later part
 * fails.
 */
export async function startStandalone(deps: StandaloneDeps): Promise<Standalone> {
  const stops = new StopList();
  try {
    return await startAll(deps, stops);
  } catch (error) {
    await stops.run(5000);
    throw error;
  }
}

async function startAll(
  { folder, port, portGiven, env, logger }: StandaloneDeps,
  stops: StopList,
): Promise<Standalone> {
  const ports = await choosePorts(port, portGiven);
  const secrets = folder.secrets();
  const servers = await startServers(folder, env);
  stops.add(() => servers.stop());
  const [sandbox] = await Promise.all([
    startDemoSandbox(ports, secrets, logger),
    migrate(servers.databaseUrl),
  ]);
  stops.add(() => sandbox.stop());
  await withDatabase(servers.databaseUrl, (db) => ensureDemoTenant(db, secrets, sandbox, edgeUrlOf(ports)));
  const services = new Services(stops, serviceEnv(env, servers, secrets, ports), logger);
  const { api, admin, edge } = await services.start(ports);
  const dev: DevFile = {
    apiUrl: api.url,
    adminUrl: admin.url,
    edgeUrl: edge.url,
    sandboxUrl: sandbox.httpUrl,
    apiKey: secrets.apiKey,
    adminKey: secrets.adminKey,
    databaseUrl: servers.databaseUrl,
    redisUrl: servers.redisUrl,
  };
  folder.writeDevFile(dev);
  return { dev, smtpPort: sandbox.smtpPort, servers, stop: (deadlineMs) => stops.run(deadlineMs) };
}

function startDemoSandbox(ports: Ports, secrets: Secrets, logger: Logger): Promise<Sandbox> {
  return startSandbox({
    host: HOST,
    httpPort: ports.sandbox,
    smtpPort: ports.smtp,
    twilio: { accounts: [{ sid: secrets.twilioSid, authToken: secrets.twilioToken }] },
    vonage: {
      accounts: [
        {
          apiKey: VONAGE_KEY,
          apiSecret: secrets.vonageSecret,
          signatureSecret: secrets.vonageSignatureSecret,
        },
      ],
    },
    sendgrid: { apiKey: secrets.sendgridKey },
    webhookSecrets: () => [secrets.webhookSecret],
    firstRequest: () => firstRequest(`http://${HOST}:${ports.api}`, secrets.apiKey),
    logger,
  });
}

function edgeUrlOf(ports: Ports): string {
  return `http://${HOST}:${ports.edge}`;
}

async function withDatabase(url: string, use: (db: Database) => Promise<void>): Promise<void> {
  const db = await Database.connect({ ...SETUP_DATABASE, url });
  await use(db).finally(() => db.close());
}

/**
 * What the services' configurations are read from: the real environment over defaults for one machine. Retries come
 * within seconds, so that they can be watched; in production they come within minutes and hours.
 */
function serviceEnv(env: Environment, servers: EmbeddedServers, secrets: Secrets, ports: Ports): Environment {
  return {
    HOST,
    RETRY_MAX_ATTEMPTS: '5',
    RETRY_BASE_MS: '500',
    RETRY_CAP_MS: '4000',
    WORKER_ATTEMPT_TIMEOUT_MS: '10000',
    RELAY_GRACE_MS: '3000',
    EGRESS_ALLOWED_TARGETS: '127.0.0.1,localhost',
    HERALD_ENCRYPTION_KEYS: secrets.encryptionKey,
    HERALD_ADMIN_KEY: secrets.adminKey,
    EDGE_PUBLIC_URL: edgeUrlOf(ports),
    ...env,
    PORT: undefined,
    DATABASE_URL: servers.databaseUrl,
    REDIS_URL: servers.redisUrl,
  };
}

/** The services, each as it runs alone, but for the log, the metrics and the health that they share. */
class Services {
  private readonly common: { logger: Logger; metrics: Metrics; health: Health };

  constructor(
    private readonly stops: StopList,
    private readonly env: Environment,
    logger: Logger,
  ) {
    this.common = { logger, metrics: new Metrics(), health: new Health() };
    this.common.metrics.collectDefault();
  }

  async start(ports: Ports): Promise<{ api: HttpServer; admin: HttpServer; edge: HttpServer }> {
    const edge = await this.startEdge(ports.edge);
    await this.startWorkers(edge.url);
    const scheduler = await startScheduler({ ...this.common, config: loadConfig(SchedulerConfig, this.env) });
    this.stops.add(() => scheduler.stop());
    const openapi = readOpenApi();
    const admin = await startAdmin({ ...this.common, config: loadConfig(AdminApiConfig, this.env), openapi });
    this.stops.add(() => admin.stop());
    const ingest = await startIngest({ ...this.common, config: loadConfig(IngestConfig, this.env), openapi });
    this.stops.add(() => ingest.stop());
    // One origin for everything with a key, as behind an ingress.
    const either: RequestListener = (req, res) =>
      isAdminPath(req.url ?? '') ? admin.handler(req, res) : ingest.handler(req, res);
    return {
      api: await this.listen(ports.api, either),
      admin: await this.listen(ports.admin, admin.handler),
      edge,
    };
  }

  private async startEdge(port: number): Promise<HttpServer> {
    const edge = await startEdge({ ...this.common, config: loadConfig(EdgeConfig, this.env) });
    this.stops.add(() => edge.stop());
    return this.listen(port, edge.handler);
  }

  private async startWorkers(edgePublicUrl: string): Promise<void> {
    const config = loadConfig(WorkerServiceConfig, { ...this.env, EDGE_PUBLIC_URL: edgePublicUrl });
    const shared = { ...this.common, config };
    const workers = await Promise.all([
      startChannelWorker({ ...shared, ...emailParts(config) }),
      startChannelWorker({ ...shared, ...smsParts(config) }),
      startChannelWorker({ ...shared, ...webhookParts(config) }),
    ]);
    this.stops.add(async (deadlineMs) => void (await Promise.all(workers.map((w) => w.stop(deadlineMs)))));
  }

  private async listen(port: number, handler: RequestListener): Promise<HttpServer> {
    const server = await startHttpServer({ host: HOST, port, handler, portVariable: '--port' });
    this.stops.add((deadlineMs) => server.close(deadlineMs));
    return server;
  }
}

const ADMIN_PREFIXES = new Set(ADMIN_ROUTES.map((route) => firstSegments(route.path)));

function isAdminPath(url: string): boolean {
  return ADMIN_PREFIXES.has(firstSegments(url));
}

/** `/v1/dead-letters` of `/v1/dead-letters/replay?x=y`. */
function firstSegments(path: string): string {
  return (path.split('?', 1)[0] as string).split('/', 3).join('/');
}
