import { type RequestListener } from 'node:http';
import { AdminApiConfig, startAdmin } from '@herald/admin-api';
import { ADMIN_ROUTES, REALTIME_ROUTES, receiptUrl } from '@herald/contracts';
import { Database, migrate } from '@herald/db';
import { startChannelWorker, WorkerServiceConfig } from '@herald/delivery';
import { EdgeConfig, startEdge } from '@herald/edge';
import { IngestConfig, startIngest } from '@herald/ingest-api';
import {
  type Environment,
  Health,
  type HttpServer,
  healthMetrics,
  type Logger,
  loadConfig,
  Metrics,
  startHttpServer,
  startTracing,
  TracingConfig,
  type UpgradeListener,
} from '@herald/platform';
import { RealtimeConfig, startRealtime } from '@herald/realtime';
import { type Sandbox } from '@herald/sandbox';
import { SchedulerConfig, startScheduler } from '@herald/scheduler';
import { emailParts } from '@herald/worker-email';
import { inappParts } from '@herald/worker-inapp';
import { pushParts } from '@herald/worker-push';
import { smsParts } from '@herald/worker-sms';
import { webhookParts } from '@herald/worker-webhook';
import { webpushParts } from '@herald/worker-webpush';
import { type DataFolder, type DevFile, type Secrets } from './data-folder';
import { startDemoSandbox } from './demo-sandbox';
import { ensureDemoTenant } from './demo-tenant';
import { type EmbeddedServers, startServers } from './embedded-servers';
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

/** The last spans may take this long to reach the collector. */
const TRACES_DEADLINE_MS = 500;
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
    startDemoSandbox({ host: HOST, ports, secrets, logger }),
    migrate(servers.databaseUrl),
  ]);
  stops.add(() => sandbox.stop());
  const providers = await withDatabase(servers.databaseUrl, (db) => ensureDemoTenant(db, secrets, sandbox));
  const tracing = await startTracing('standalone', loadConfig(TracingConfig, env));
  stops.add(() => tracing.stop(TRACES_DEADLINE_MS));
  const services = new Services(stops, serviceEnv(env, servers, secrets, ports), logger);
  const { api, admin, edge } = await services.start(ports);
  reportTo(edge.url, sandbox, providers);
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

function edgeUrlOf(ports: Ports): string {
  return `http://${HOST}:${ports.edge}`;
}

/** Accounts that report to one URL are told it, as one would in their consoles. */
function reportTo(edgeUrl: string, sandbox: Sandbox, providers: ReadonlyMap<string, string>): void {
  const urlOf = (type: string) => receiptUrl(edgeUrl, providers.get(type) as string);
  sandbox.sendgridEvents?.configure({ enabled: true, url: urlOf('sendgrid') });
  // It asks the edge to confirm, so the edge has to be there.
  sandbox.sesTopic?.subscribe(urlOf('ses'));
}

async function withDatabase<T>(url: string, use: (db: Database) => Promise<T>): Promise<T> {
  const db = await Database.connect({ ...SETUP_DATABASE, url });
  return use(db).finally(() => db.close());
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
    healthMetrics(this.common.metrics, this.common.health);
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
    const realtime = await startRealtime({ ...this.common, config: loadConfig(RealtimeConfig, this.env) });
    this.stops.add(() => realtime.stop());
    // One origin for everything with a key or a token, as behind an ingress.
    const any: RequestListener = (req, res) => {
      const prefix = firstSegments(req.url ?? '');
      if (ADMIN_PREFIXES.has(prefix)) return admin.handler(req, res);
      return REALTIME_PREFIXES.has(prefix) ? realtime.handler(req, res) : ingest.handler(req, res);
    };
    const api = await this.listen(ports.api, any, realtime.upgrade);
    this.stops.add((deadlineMs) => realtime.closeSockets(deadlineMs));
    return {
      api,
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
      startChannelWorker({ ...shared, ...pushParts(config) }),
      startChannelWorker({ ...shared, ...webpushParts(config) }),
      startChannelWorker({ ...shared, ...inappParts() }),
      startChannelWorker({ ...shared, ...webhookParts(config) }),
    ]);
    this.stops.add(async (deadlineMs) => void (await Promise.all(workers.map((w) => w.stop(deadlineMs)))));
  }

  private async listen(
    port: number,
    handler: RequestListener,
    upgrade?: UpgradeListener,
  ): Promise<HttpServer> {
    const server = await startHttpServer({ host: HOST, port, handler, upgrade, portVariable: '--port' });
    this.stops.add((deadlineMs) => server.close(deadlineMs));
    return server;
  }
}

const ADMIN_PREFIXES = new Set(ADMIN_ROUTES.map((route) => firstSegments(route.path)));
const REALTIME_PREFIXES = new Set(REALTIME_ROUTES.map((route) => firstSegments(route.path)));

/** `/v1/dead-letters` of `/v1/dead-letters/replay?x=y`. */
function firstSegments(path: string): string {
  return (path.split('?', 1)[0] as string).split('/', 3).join('/');
}
