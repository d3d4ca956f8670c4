import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { createTenant } from '@herald/testing';
import { email, newEmail, newPhone, sendOne, sms, untilSettled, webhook } from '../harness/notifications';
import { useCluster } from '../harness/use-cluster';

/** Nothing is allowed: the sandbox and everything else here are the internal network. */
const cluster = useCluster({
  services: ['ingest-api', 'worker-email', 'worker-sms', 'worker-webhook'],
  env: { EGRESS_ALLOWED_TARGETS: '', RETRY_MAX_ATTEMPTS: '1' },
});

/** Spellings of addresses of this machine and of networks that nobody outside may reach. */
const HOSTS: readonly string[] = [
  ...[
    '127.0.0.1',
    '127.1',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0x7f.0.0.0x1',
    '0',
    '0.0.0.0',
    '127.0.0.1.',
  ],
  ...['localhost', 'LOCALHOST', 'localhost.', '①②⑦.⓪.⓪.①', '１２７.0.0.1', '127。0。0。1'],
  ...['[::1]', '[::]', '[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]'],
  ...['[64:ff9b::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '[fd00::1]', '[fe80::1]', '[fec0::1]'],
  ...[
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '0251.0376.0251.0376',
    '[::ffff:169.254.169.254]',
    '[fd00:ec2::254]',
  ],
  ...[
    '10.0.0.1',
    '172.16.0.1',
    '192.168.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '192.0.0.192',
    '198.18.0.1',
    '224.0.0.1',
  ],
];

/** Listens where nobody may come. */
const trap = { server: net.createServer(), port: 0, visits: 0 };

beforeAll(async () => {
  trap.server.on('connection', (socket) => {
    trap.visits += 1;
    socket.destroy();
  });
  trap.server.listen(0, '::');
  await once(trap.server, 'listening');
  trap.port = (trap.server.address() as AddressInfo).port;
});

afterAll(() => void trap.server.close());
afterEach(() => expect(trap.visits).toBe(0));

const REFUSED = { state: 'dead', reason: 'provider_misconfigured' };

describe('a webhook', () => {
  it.each(HOSTS)('to %s does not leave', async (host) => {
    const api = cluster.api();
    const url = `http://${host}:${trap.port}/x`;
    const posted = await api.post<{ deliveries: { id: string }[] }>('/v1/notifications', webhook(url));
    if (posted.status === 422) return;
    const delivery = await untilSettled(api, posted.body.deliveries[0]!.id);
    expect(delivery).toMatchObject({ state: 'failed', reason: 'forbidden_target' });
    expect(JSON.stringify(delivery.attempts)).not.toContain('ECONN');
  });

  it.each([
    'user:pass@127.0.0.1',
    'example.com@127.0.0.1',
    'example.com\\@127.0.0.1',
    '127.0.0.1\\.example.com',
  ])('to %s neither', async (host) => {
    const posted = await cluster.api().post('/v1/notifications', webhook(`http://${host}:${trap.port}/`));
    expect(posted.status).toBe(422);
  });

  it.each([
    'file:///etc/passwd',
    'gopher://127.0.0.1/',
    'ftp://127.0.0.1/',
    'data:text/plain,x',
    '//127.0.0.1/',
    'http:127.0.0.1',
  ])('to %s is no webhook', async (url) =>
    expect((await cluster.api().post('/v1/notifications', webhook(url))).status).toBe(422),
  );
});

describe('a provider that a tenant configures', () => {
  /** The end of a delivery of a new tenant with this provider; undefined when the settings are refused. */
  async function sentWith(provider: object, body: object) {
    const tenant = await createTenant(cluster.admin);
    const created = await cluster.admin.post('/v1/providers', provider, { key: tenant.key });
    if (created.status === 422) return undefined;
    expect(created.status).toBe(201);
    const api = cluster.api().withKey(tenant.key);
    return untilSettled(api, (await sendOne(api, body)).deliveryId);
  }

  it.each(HOSTS.map((host) => host.replace(/^\[(.*)\]$/, '$1')))(
    'SMTP at %s is not reached',
    async (host) => {
      const config = { host, port: trap.port, security: 'none', from: 'a@example.com' };
      const end = await sentWith({ channel: 'email', type: 'smtp', config }, email(newEmail()));
      if (!end) return;
      expect(end).toMatchObject(REFUSED);
      expect(end.attempts.map(({ code }) => code)).toEqual(['forbidden_address']);
    },
  );

  it.each(['127.0.0.1', '2130706433', 'localhost', '[::ffff:7f00:1]', '169.254.169.254'])(
    'an SMS API at %s is not reached',
    async (host) => {
      const twilio = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a'.repeat(32), from: '+15005550006' };
      const config = { ...twilio, apiBaseUrl: `http://${host}:${trap.port}` };
      const end = await sentWith({ channel: 'sms', type: 'twilio', config }, sms(newPhone()));
      if (end) expect(end).toMatchObject(REFUSED);
    },
  );
});
