import http from 'node:http';
import { readMetrics } from '../harness/metrics';
import { email, newEmail, newPhone, sendOne, sms, unique, untilSettled } from '../harness/notifications';
import { useCluster } from '../harness/use-cluster';
import { OPERATIONS } from './openapi';
import { exchangeRaw, requestText } from './raw-socket';
import { faultsOf, sendAsIs } from './wire';

const cluster = useCluster({
  services: ['ingest-api', 'edge', 'worker-email', 'worker-sms'],
  // Everything that could be logged is.
  env: { LOG_LEVEL: 'trace' },
});

const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'PROPFIND',
  'PURGE',
  'M-SEARCH',
  'LINK',
  'MKCOL',
];
/** The second time round everything is the same but for what clients make up. */
const ROUNDS = OPERATIONS.length;

/** A piece of every hostile request, which must not turn up anywhere. */
const mark = unique('marked');
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
afterAll(() => agent.destroy());

const services = () => ['ingest-api', 'admin-api', 'edge'].map((name) => cluster.service(name));

/** Names, labels and their values, without what is counted. */
async function series(): Promise<string[]> {
  const all = await Promise.all(services().map(({ client }) => readMetrics(client)));
  const ours = all.flat().filter(({ name }) => name.startsWith('herald_'));
  return ours.map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`);
}

/** One request for each method and service, with the mark at every place that a client writes. */
async function abuse(round: number, turn: string): Promise<string[]> {
  const text = `${mark}-${turn}-${round}`;
  const headers = {
    authorization:
      round % 2 ? `Bearer ${cluster.tenant.key}` : `Bearer hk_live_${text.padEnd(43, 'x').slice(0, 43)}`,
    'content-type': round % 3 ? 'application/json' : `text/${text}`,
    'x-request-id': `${text} <>`,
    'idempotency-key': text,
    'user-agent': text,
    cookie: text,
    'x-forwarded-for': text,
    'x-twilio-signature': text,
  };
  const { path, method } = OPERATIONS[round] as (typeof OPERATIONS)[number];
  const body = Buffer.from(
    JSON.stringify({ ...email(`${text}@example.com`), [text]: text, name: `${text}\u0000` }),
  );
  const targets = [
    { method, path: path.replaceAll(/\{\w+\}/g, text) },
    ...METHODS.map((other) => ({ method: other, path: `/v1/${text}?${text}=${text}` })),
  ];
  const answers = await Promise.all(
    services().flatMap(({ url }) =>
      targets.map((target) => sendAsIs(url, { ...target, headers, body }, agent)),
    ),
  );
  return answers.flatMap(faultsOf);
}

describe('after abuse', () => {
  const to = { email: newEmail('private'), phone: newPhone() };

  it('answers told nothing of the inside', async () => {
    const content = { email: { subject: mark, text: mark } };
    await untilSettled(
      cluster.api(),
      (await sendOne(cluster.api(), email(to.email, { content }))).deliveryId,
    );
    await untilSettled(cluster.api(), (await sendOne(cluster.api(), sms(to.phone))).deliveryId);
    for (let round = 0; round < ROUNDS; round += 1) expect(await abuse(round, 'first')).toEqual([]);
    for (const { url } of services()) {
      await exchangeRaw(url, `${mark} \0 HTTP/9.9\r\n\r\n`);
      await exchangeRaw(url, requestText(`GET /${mark} HTTP/1.1`, [`X-A: ${mark.repeat(5000)}`]), 1);
    }
  });

  it('metrics have no more series than before, however many different things were sent', async () => {
    // The scrape itself is counted from the second on.
    await series();
    const before = new Set(await series());
    for (let round = 0; round < ROUNDS; round += 1) await abuse(round, 'second');
    const after = new Set(await series());
    expect([...after].filter((one) => !before.has(one))).toEqual([]);
    expect(JSON.stringify([...after])).not.toContain(mark);
    const values = new Map<string, Set<string>>();
    for (const one of after) {
      for (const [label, value] of Object.entries(JSON.parse(one.slice(one.indexOf('{'))) as object)) {
        values.set(label, (values.get(label) ?? new Set()).add(String(value)));
      }
    }
    expect(values.get('method')?.has('other')).toBe(true);
    const many = [...values].filter(([label, seen]) => label !== 'le' && seen.size > OPERATIONS.length);
    expect(many.map(([label]) => label)).toEqual([]);
  });

  it('logs hold nothing that a client wrote, and no error', () => {
    const logs = cluster.services.map((service) => service.output()).join('\n');
    expect(logs.length).toBeGreaterThan(10_000);
    for (const word of [mark, to.email, to.phone, cluster.tenant.key]) {
      expect([word, logs.includes(word)]).toEqual([word, false]);
    }
    expect(cluster.services.flatMap((service) => service.errors())).toEqual([]);
  });
});
