import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { type NotificationDto } from '@herald/contracts';
import { createClient, freePorts, startChild, startHttpReceiver, startService, until } from '@herald/testing';
import { readMetrics, type Sample, sumOf } from './harness/metrics';
import { newEmail, newPhone, readNotification, send, unique } from './harness/notifications';
import { useCluster } from './harness/use-cluster';

const MIGRATE = path.resolve(__dirname, '../scripts/migrate.js');
const SERVICES = path.resolve(__dirname, '../services');
const WORKERS = ['email', 'sms', 'push', 'webpush', 'inapp', 'webhook'].map((channel) => `worker-${channel}`);
const NAMES = ['ingest-api', 'edge', ...WORKERS, 'scheduler', 'realtime'];

const cluster = useCluster({
  services: NAMES,
  // Everything that could be logged is.
  env: { LOG_LEVEL: 'trace' },
});

async function allMetrics(): Promise<Sample[]> {
  return (await Promise.all(cluster.services.map(({ client }) => readMetrics(client)))).flat();
}

describe('services, each a process of its own', () => {
  const secret = unique('do-not-log');
  const to = { email: newEmail('private'), phone: newPhone(), recipient: unique('private'), webhookUrl: '' };

  it('deliver on every channel, receipts included', async () => {
    const receiver = await startHttpReceiver();
    to.webhookUrl = `${receiver.url}/${unique('private')}`;
    const { id } = await send(cluster.api(), {
      to,
      content: {
        email: { subject: secret, html: `<p>${secret}</p>` },
        sms: { body: secret },
        inapp: { title: secret },
        webhook: { payload: { secret } },
      },
      metadata: { secret },
    });
    const notification = await until<NotificationDto>(async () => {
      const read = await readNotification(cluster.api(), id);
      return read.counts.delivered === 1 && read.counts.sent === 3 && read;
    });
    expect(notification.state).toBe('completed');
    expect(receiver.requests).toHaveLength(1);
    await receiver.close();
  });

  it('answer livez, readyz and metrics, and a problem for what they do not have', async () => {
    for (const { name, client } of cluster.services) {
      const [live, ready, nothing] = [
        await client.get('/livez'),
        await client.get<{ ok: boolean; checks: object }>('/readyz'),
        await client.get('/nothing'),
      ];
      expect([name, live.status, live.body]).toEqual([name, 200, { ok: true }]);
      expect([name, ready.status, ready.body.ok]).toEqual([name, 200, true]);
      const checks = name.startsWith('worker') ? ['postgres', 'redis'] : ['postgres'];
      expect([name, Object.keys(ready.body.checks)]).toEqual([name, checks]);
      expect([name, nothing.status, nothing.body.type]).toEqual([name, 404, 'urn:herald:problem:not-found']);
      expect((await client.post('/livez')).status).toBe(405);
    }
  });

  it('have every metric that docs/metrics.md lists, with its labels, and no other', async () => {
    const page = fs.readFileSync(path.resolve(__dirname, '../docs/metrics.md'), 'utf8');
    const documented = new Map(
      [...page.matchAll(/^\| `(herald_\w+)` \| (\w+) \| (.*?) \|/gm)].map(([, name, , labels]) => [
        name as string,
        [...(labels as string).matchAll(/`(\w+)`/g)].map(([, label]) => label as string).sort(),
      ]),
    );
    expect(documented.size).toBeGreaterThan(20);
    const texts = await Promise.all(cluster.services.map(({ client }) => client.get<string>('/metrics')));
    const types = new Map(
      texts.flatMap(({ body }) =>
        [...body.matchAll(/^# TYPE (herald_\w+) (\w+)/gm)].map(([, name, type]) => [name as string, type]),
      ),
    );
    types.delete('herald_database_connections');
    expect([...types.keys()].sort()).toEqual([...documented.keys()].sort());
    for (const { name, labels } of await allMetrics()) {
      const known = documented.get(name.replace(/_(bucket|sum|count)$/, '')) ?? documented.get(name);
      if (!known) continue;
      const got = Object.keys(labels).filter((label) => label !== 'le');
      expect([name, got.sort()]).toEqual([name, known]);
    }
  });

  it('count what happened', async () => {
    const samples = await allMetrics();
    const sent = (channel: string) =>
      sumOf(samples, 'herald_deliveries_settled_total', { channel, state: 'sent' });
    expect(sumOf(samples, 'herald_notifications_accepted_total', { mode: 'live' })).toBe(1);
    // A receipt may come before the answer is recorded: then the attempt leaves the delivery delivered.
    const received = sumOf(samples, 'herald_deliveries_settled_total', {
      channel: 'sms',
      state: 'delivered',
    });
    expect([sent('email'), sent('sms') + received, sent('inapp'), sent('webhook')]).toEqual([1, 1, 1, 1]);
    expect(sumOf(samples, 'herald_receipts_total', { result: 'applied' })).toBe(2);
    expect(sumOf(samples, 'herald_accept_to_sent_seconds_count')).toBe(4);
    expect(sumOf(samples, 'herald_provider_request_duration_seconds_count', { provider: 'twilio' })).toBe(1);
    expect(sumOf(samples, 'herald_deliveries_in_flight')).toBe(0);
    expect(sumOf(samples, 'nodejs_eventloop_lag_p99_seconds')).toBeGreaterThan(0);
    expect(sumOf(samples, 'herald_http_requests_total', { route: '/v1/notifications', status: '202' })).toBe(
      1,
    );
    const labels = JSON.stringify(samples.map((sample) => sample.labels));
    for (const personal of [...Object.values(to), secret]) expect(labels).not.toContain(personal);
  });

  it('log no address, no content and no key, however much they log', async () => {
    const logs = cluster.services.map((service) => service.output()).join('\n');
    expect(logs.length).toBeGreaterThan(1000);
    const keys = [cluster.tenant.key, cluster.tenant.webhookSecret, 'e2ee2ee2e', 'e'.repeat(32)];
    for (const word of [...Object.values(to), secret, ...keys])
      expect([word, logs.includes(word)]).toEqual([word, false]);
  });

  it('keep no personal data in Redis', async () => {
    const { hostname, port } = new URL(cluster.redis.url);
    const commands: Buffer[] = [];
    const monitor = net.connect(Number(port), hostname, () => monitor.write('MONITOR\r\n'));
    monitor.on('data', (data) => commands.push(data));
    const seen = () => Buffer.concat(commands).toString();
    await until(() => seen().startsWith('+OK'));
    const address = newEmail('unseen');
    await send(cluster.api(), {
      to: { email: address },
      content: { email: { subject: secret, text: secret } },
    });
    await until(() => [...cluster.sandbox.store.newestFirst()].some(({ message }) => message.to === address));
    await until(() => seen().includes('{herald}:email-default:'));
    monitor.destroy();
    const all = seen();
    for (const word of [address, secret, cluster.tenant.key])
      expect([word, all.includes(word)]).toEqual([word, false]);
  });

  it('end in order on SIGTERM, with exit code 0, all at once', async () => {
    const exits = await Promise.all(
      cluster.services.map(async (service) => [service.name, await service.end('SIGTERM')] as const),
    );
    const good = cluster.services.map(({ name }) => [name, { code: 0, signal: null }]);
    expect(exits).toEqual(good);
  });
});

describe('a wrong configuration', () => {
  const start = async (name: string, env: Record<string, string>) => {
    const child = startChild([path.join(SERVICES, name, 'dist', 'main.js')], env);
    const { code } = await child.exited;
    return { code, output: child.output() };
  };

  it('is told whole, variable by variable, with exit code 78 and before anything connects', async () => {
    const env = {
      PORT: 'eighty',
      DATABASE_URL: 'mysql://user:very-secret@nowhere/x',
      DATABASE_POOL_SIZE: '0',
      LOG_LEVEL: 'loud',
      HERALD_ADMIN_KEY: 'short-secret',
      HERALD_ENCRYPTION_KEYS: 'no-secret-key',
    };
    const wants: Record<string, string[]> = {
      'ingest-api': ['REDIS_URL'],
      'admin-api': ['REDIS_URL', 'HERALD_ADMIN_KEY', 'HERALD_ENCRYPTION_KEYS'],
      edge: ['HERALD_ENCRYPTION_KEYS', 'EDGE_PUBLIC_URL'],
      realtime: ['REDIS_URL', 'HERALD_ENCRYPTION_KEYS'],
      ...Object.fromEntries(WORKERS.map((name) => [name, ['REDIS_URL', 'HERALD_ENCRYPTION_KEYS']])),
      scheduler: ['REDIS_URL'],
    };
    await Promise.all(
      Object.entries(wants).map(async ([name, missing]) => {
        const { code, output } = await start(name, env);
        expect([name, code]).toEqual([name, 78]);
        const named = ['PORT', 'DATABASE_URL', 'DATABASE_POOL_SIZE', 'LOG_LEVEL', ...missing];
        const told = [...output.matchAll(/^ {2}- (\w+): /gm)].map(([, variable]) => variable);
        expect([name, told.sort()]).toEqual([name, named.sort()]);
        expect(output).toContain('PORT: got "eighty", wants an integer from 0 to 65535');
        for (const secret of ['very-secret', 'short-secret', 'no-secret-key']) {
          expect([name, output.includes(secret)]).toEqual([name, false]);
        }
      }),
    );
  });

  it('a database or a port that cannot be had ends the start with a message', async () => {
    const taken = await startHttpReceiver();
    const common = {
      HOST: '127.0.0.1',
      HERALD_ENCRYPTION_KEYS: `k:${Buffer.alloc(32, 1).toString('base64')}`,
      EDGE_PUBLIC_URL: 'http://127.0.0.1:1',
    };
    const [noDatabase, noPort] = await Promise.all([
      start('edge', { ...common, PORT: '0', DATABASE_URL: 'postgres://postgres@127.0.0.1:1/x' }),
      start('edge', { ...common, PORT: String(taken.port), DATABASE_URL: cluster.postgres.url }),
    ]);
    await taken.close();
    expect(noDatabase.code).toBe(1);
    expect(noDatabase.output).toContain('ECONNREFUSED');
    expect(noPort.code).toBe(1);
    expect(noPort.output).toContain(`Port ${taken.port} on 127.0.0.1 is taken: set PORT to another port`);
  });
});

it('the sandbox runs alone too', async () => {
  const port = await freePorts(2);
  const env = { HERALD_SANDBOX_HTTP_PORT: String(port), HERALD_SANDBOX_SMTP_PORT: String(port + 1) };
  const sandbox = startService('sandbox', port, env);
  await sandbox.untilReady();
  for (const at of ['/', '/livez', '/metrics', '/messages']) {
    expect([at, (await sandbox.client.get(at)).status]).toEqual([at, 200]);
  }
  expect(await sandbox.end('SIGTERM')).toEqual({ code: 0, signal: null });
  const wrong = startService('sandbox', port, {
    HERALD_SANDBOX_HTTP_PORT: 'x',
    HERALD_SANDBOX_MAX_MESSAGES: '0',
  });
  expect((await wrong.child.exited).code).toBe(78);
  expect(wrong.output()).toMatch(/HTTP_PORT: got "x"[\s\S]*MAX_MESSAGES: got "0"/);
});

it('the migration can be run again, by several at once', async () => {
  const migrate = async (env: Record<string, string>) => {
    const child = startChild([MIGRATE], env);
    return [(await child.exited).code, child.output()];
  };
  const env = { DATABASE_URL: cluster.postgres.url };
  const good = [0, 'The schema is up to date.'];
  expect(await Promise.all([migrate(env), migrate(env), migrate({})])).toEqual([
    good,
    good,
    [78, expect.stringContaining('DATABASE_URL: missing')],
  ]);
});

it('the operator’s key opens the admin API alone', async () => {
  await cluster.service('admin-api').restart();
  expect((await cluster.admin.get('/v1/tenants')).status).toBe(200);
  expect(
    (await createClient(cluster.admin.url, `hk_admin_${'x'.repeat(36)}`).get('/v1/tenants')).status,
  ).toBe(401);
});
