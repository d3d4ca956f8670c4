import { randomBytes } from 'node:crypto';
import path from 'node:path';
import {
  type Client,
  createClient,
  createKey,
  createTenant,
  freePorts,
  startChild,
  startService,
  type TestTenant,
  tail,
} from '@herald/testing';
import { Pool } from 'pg';
import { type Random } from '../random';
import { type OutsideWorld, startOutsideWorld } from './sandbox';
import { type Servers, startServers } from './servers';
import { SETTINGS } from './settings';
import { type Supervised, supervise } from './supervised';
import { TcpProxy } from './tcp-proxy';

export interface SystemOptions {
  random: Random;
  /** Settings beside the usual ones. */
  env?: Record<string, string>;
  /** Services reach Postgres and Redis through proxies. */
  proxied?: boolean;
  smallDisk?: boolean;
  /** The clock of every second process is wrong by this, in turn too late and too early. */
  clockSkewMs?: number;
}

/** The proxies of the first, and of the second, instance of each service. */
export interface ProxyPair {
  first: TcpProxy;
  second: TcpProxy;
}

/** Herald as in production, two of each service that may run twice, and what it works with. */
export interface System extends Servers {
  world: OutsideWorld;
  services: readonly Supervised[];
  ofKind(...kinds: string[]): Supervised[];
  tenant: TestTenant;
  key: string;
  admin: Client;
  ingestUrls: string[];
  edgeUrl: string;
  proxies?: { postgres: ProxyPair; redis: ProxyPair };
  /** Straight to Postgres, past any proxy. */
  sql: Pool;
  stop(): Promise<void>;
}

export const WORKERS = [
  'worker-email',
  'worker-sms',
  'worker-push',
  'worker-inapp',
  'worker-webhook',
] as const;
const KINDS = [
  ...['ingest-api', ...WORKERS].flatMap((kind) => [kind, kind]),
  'scheduler',
  'edge',
  'admin-api',
];
const MIGRATE = path.resolve(__dirname, '../../../scripts/migrate.js');
const SKEW = path.resolve(__dirname, '../../clock-skew.cjs');
const ADMIN_KEY = `hk_admin_${'chaos'.repeat(8)}`;
const TWILIO = { accountSid: `AC${'c'.repeat(32)}`, authToken: 'c'.repeat(32) };
const RATE_LIMIT = { perSecond: 10_000, burst: 10_000 };

/** Starts everything, makes a tenant whose providers lead to the sandbox, and looks after the processes. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const servers = await startServers({ smallDisk: options.smallDisk ?? false });
  await migrate(servers.postgres.url);
  const [world, proxies] = await Promise.all([
    startOutsideWorld(TWILIO),
    options.proxied ? startProxies(servers, options.random) : undefined,
  ]);
  const services = await startServices(options, servers, proxies);
  const ofKind = (...kinds: string[]) => services.filter(({ kind }) => kinds.includes(kind));
  const urlsOf = (kind: string) => ofKind(kind).map(({ service }) => service.url);
  const [adminUrl] = urlsOf('admin-api') as [string];
  const admin = createClient(adminUrl, ADMIN_KEY);
  const tenant = await createTenant(admin);
  await createProviders(createClient(adminUrl, tenant.key), world);
  const { key } = await createKey(admin, tenant.id, { rateLimit: RATE_LIMIT });
  const sql = new Pool({ connectionString: servers.postgres.url, max: 2 });
  // The server is ended while connections are idle.
  sql.on('error', () => undefined);
  return {
    ...servers,
    world,
    services,
    ofKind,
    tenant,
    key,
    admin,
    ingestUrls: urlsOf('ingest-api'),
    edgeUrl: urlsOf('edge')[0] as string,
    proxies,
    sql,
    stop: async () => {
      await Promise.all(services.map((each) => each.stop()));
      await sql.end();
      await world.stop();
      for (const pair of proxies ? [proxies.postgres, proxies.redis] : []) {
        await Promise.all([pair.first.stop(), pair.second.stop()]);
      }
      await servers.remove();
    },
  };
}

async function startServices(
  options: SystemOptions,
  servers: Servers,
  proxies: System['proxies'],
): Promise<Supervised[]> {
  const port = await freePorts(KINDS.length);
  const common = {
    ...SETTINGS,
    HERALD_ENCRYPTION_KEYS: `chaos:${randomBytes(32).toString('base64')}`,
    HERALD_ADMIN_KEY: ADMIN_KEY,
    EDGE_PUBLIC_URL: `http://127.0.0.1:${port + KINDS.indexOf('edge')}`,
    ...options.env,
  };
  const started = KINDS.map((kind, n) => {
    const index = KINDS.slice(0, n).filter((other) => other === kind).length;
    const through = (pair: ProxyPair | undefined, url: string) =>
      pair ? withPort(url, (index === 0 ? pair.first : pair.second).port) : url;
    const service = startService(kind, port + n, {
      ...common,
      ...skewed(options.clockSkewMs, n),
      DATABASE_URL: through(proxies?.postgres, servers.postgres.url),
      REDIS_URL: through(proxies?.redis, servers.redis.url),
    });
    return { service, index };
  });
  await Promise.all(started.map(({ service }) => service.untilReady()));
  return started.map(({ service, index }) => supervise(service, index));
}

/** Right, late, right, early, … */
function skewed(ms: number | undefined, n: number): Record<string, string> {
  if (!ms || n % 2 === 0) return {};
  return { NODE_OPTIONS: `--require=${SKEW}`, CLOCK_SKEW_MS: String(n % 4 === 1 ? ms : -ms) };
}

async function startProxies({ postgres, redis }: Servers, random: Random): Promise<System['proxies']> {
  const start = ({ port }: { port: number }) => TcpProxy.start({ host: '127.0.0.1', port }, random);
  const pair = async (target: { port: number }) => ({
    first: await start(target),
    second: await start(target),
  });
  return { postgres: await pair(postgres), redis: await pair(redis) };
}

function withPort(url: string, port: number): string {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
}

/** As an operator does it: with the script that the README names. */
async function migrate(databaseUrl: string): Promise<void> {
  const child = startChild([MIGRATE], { DATABASE_URL: databaseUrl });
  const { code } = await child.exited;
  if (code !== 0) throw new Error(`The migration ended with ${code}:\n${tail(child)}`);
}

async function createProviders(api: Client, { smtpPort, url, serviceAccount }: OutsideWorld): Promise<void> {
  const smtp = { host: '127.0.0.1', port: smtpPort, security: 'none', from: 'Chaos <chaos@example.org>' };
  const twilio = { ...TWILIO, from: '+15005550006', apiBaseUrl: url };
  for (const provider of [
    { channel: 'email', type: 'smtp', config: smtp },
    { channel: 'sms', type: 'twilio', config: twilio },
    { channel: 'push', type: 'fcm', config: { serviceAccount, apiBaseUrl: `${url}/fcm` } },
  ]) {
    const { status, body } = await api.post('/v1/providers', provider);
    if (status !== 201) throw new Error(`No provider: ${status} ${JSON.stringify(body)}`);
  }
}
