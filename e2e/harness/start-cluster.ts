import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { type Sandbox, startSandbox } from '@herald/sandbox';
import {
  type Client,
  createClient,
  createTenant,
  freePorts,
  type OwnServers,
  type Service,
  startChild,
  startOwnServers,
  startService,
  type TestTenant,
  tail,
} from '@herald/testing';
import { Pool } from 'pg';
import { SHORT_TIMES } from './use-herald';

const MIGRATE = path.resolve(__dirname, '../../scripts/migrate.js');
const ADMIN_KEY = `hk_admin_${'e2e'.repeat(12)}`;
const TWILIO = { accountSid: `AC${'e'.repeat(32)}`, authToken: 'e'.repeat(32) };

export interface ClusterOptions {
  /** Which services, each as often as it is named. The admin API always runs: it makes the tenant. */
  services: readonly string[];
  env?: Record<string, string>;
  /** Settings of the Postgres server. */
  postgres?: Record<string, string>;
}

/** Herald as in production: each service is a process of its own. The sandbox is in the process of the test. */
export interface Cluster extends OwnServers {
  sandbox: Sandbox;
  tenant: TestTenant;
  services: Service[];
  /** The first, second, … service of a name. */
  service(name: string, index?: number): Service;
  /** The first, second, … ingest API, with the tenant's key. */
  api(index?: number): Client;
  /** With the operator's key. */
  admin: Client;
  /** Straight from Postgres. */
  rows<T extends object>(sql: string, params?: unknown[]): Promise<T[]>;
}

/** Starts everything and makes a tenant whose providers lead to the sandbox. */
export async function startCluster({ services, env = {}, postgres }: ClusterOptions): Promise<Cluster> {
  const [servers, sandbox] = await Promise.all([startOwnServers(postgres), startSandboxHere()]);
  await migrate(servers.postgres.url);
  const port = await freePorts(services.length + 1);
  const edge = services.indexOf('edge');
  const environment = {
    ...SHORT_TIMES,
    LOG_LEVEL: 'warn',
    NODE_ENV: 'production',
    DATABASE_URL: servers.postgres.url,
    DATABASE_POOL_SIZE: '5',
    REDIS_URL: servers.redis.url,
    HERALD_ENCRYPTION_KEYS: `e2e:${randomBytes(32).toString('base64')}`,
    HERALD_ADMIN_KEY: ADMIN_KEY,
    EDGE_PUBLIC_URL: `http://127.0.0.1:${port + 1 + Math.max(0, edge)}`,
    EGRESS_ALLOWED_TARGETS: '127.0.0.1',
    // A busy machine is no failing provider.
    WORKER_ATTEMPT_TIMEOUT_MS: '20000',
    RETRY_MAX_ATTEMPTS: '50',
    SHUTDOWN_DEADLINE_MS: '10000',
    ...env,
  };
  const running = ['admin-api', ...services].map((name, n) => startService(name, port + n, environment));
  await Promise.all(running.map((service) => service.untilReady()));
  const admin = createClient(running[0]!.url, ADMIN_KEY);
  const tenant = await createTenant(admin);
  await createProviders(createClient(running[0]!.url, tenant.key), sandbox);
  const pool = new Pool({ connectionString: servers.postgres.url, max: 2 });
  // Tests stop the server while connections are idle.
  pool.on('error', () => undefined);
  const service = (name: string, index = 0) => {
    const found = running.filter((each) => each.name === name)[index];
    if (!found) throw new Error(`There is no ${name} ${index}`);
    return found;
  };
  return {
    ...servers,
    sandbox,
    tenant,
    services: running,
    service,
    api: (index = 0) => createClient(service('ingest-api', index).url, tenant.key),
    admin,
    rows: async (sql, params) => (await pool.query(sql, params)).rows,
    remove: async () => {
      await pool.end();
      await Promise.all(running.map((each) => each.child.isRunning() && each.end('SIGKILL')));
      await sandbox.stop();
      await servers.remove();
    },
  };
}

function startSandboxHere(): Promise<Sandbox> {
  return startSandbox({
    httpPort: 0,
    smtpPort: 0,
    twilio: { accounts: [{ sid: TWILIO.accountSid, authToken: TWILIO.authToken }] },
    webhookSecrets: () => [],
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
}

/** As an operator does it: with the script that the README names. */
async function migrate(databaseUrl: string): Promise<void> {
  const child = startChild([MIGRATE], { DATABASE_URL: databaseUrl });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`The migration ended with ${code}:\n${tail(child)}`);
}

async function createProviders(api: Client, { smtpPort, httpUrl }: Sandbox): Promise<void> {
  const smtp = { host: '127.0.0.1', port: smtpPort, security: 'none', from: 'E2E <e2e@example.org>' };
  const twilio = { ...TWILIO, from: '+15005550006', apiBaseUrl: httpUrl };
  const answers = [
    await api.post('/v1/providers', { channel: 'email', type: 'smtp', config: smtp }),
    await api.post('/v1/providers', { channel: 'sms', type: 'twilio', config: twilio }),
  ];
  for (const { status, body } of answers) {
    if (status !== 201) throw new Error(`No provider: ${status} ${JSON.stringify(body)}`);
  }
}
