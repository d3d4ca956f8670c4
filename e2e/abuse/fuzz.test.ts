import http from 'node:http';
import { CHANNELS } from '@herald/contracts';
import { createKey, createTenant, until } from '@herald/testing';
import fc from 'fast-check';
import { email, newEmail, sendOne, untilState } from '../harness/notifications';
import { useHerald } from '../harness/use-herald';
import { OPERATIONS, type Schema } from './openapi';
import { type Known, requests } from './requests';
import { faultsOf, sendAsIs } from './wire';

/**
 * Hostile requests for every operation of the OpenAPI document. ABUSE_RUNS says how many for each; a failure names a
 * seed and a path, which ABUSE_SEED and ABUSE_PATH repeat.
 */
const RUNS = Number(process.env.ABUSE_RUNS ?? 60);
const SEED = process.env.ABUSE_SEED === undefined ? undefined : Number(process.env.ABUSE_SEED);
const PATH = process.env.ABUSE_PATH;
const AT_ONCE = 4;

const herald = useHerald();
const agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
const given = { known: { ids: {}, keys: [], tokens: [] } as Known, provider: {} as Schema };

beforeAll(async () => {
  const tenant = await createTenant(herald.admin);
  const victim = await createTenant(herald.admin);
  // Nothing that a test key accepts leaves Herald.
  const { key } = await createKey(herald.admin, tenant.id, {
    mode: 'test',
    rateLimit: { perSecond: 1_000_000, burst: 1_000_000 },
  });
  const api = herald.api.withKey(key);
  const sent = await sendOne(api, email(newEmail()));
  const twilio = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'a'.repeat(32), from: '+15005550006' };
  const { body: provider } = await api.post<{ id: string }>('/v1/providers', {
    channel: 'sms',
    type: 'twilio',
    config: twilio,
  });
  const ofUser = { recipient: 'user_42' };
  const { token } = (
    await herald.api.withKey(tenant.key).post<{ token: string }>('/v1/recipient-tokens', ofUser)
  ).body;
  given.known = {
    ids: {
      notifications: [sent.id],
      deliveries: [sent.deliveryId],
      deliveryId: [sent.deliveryId],
      tenants: [victim.id],
      tenantId: [tenant.id],
      'api-keys': [(await createKey(herald.admin, tenant.id)).id],
      providers: [provider.id],
      providerId: [provider.id],
    },
    keys: [key, key, key, herald.dev.adminKey],
    tokens: [token],
  };
  given.provider = await providerSchema();
});

afterAll(() => agent.destroy());

/** The document says only that a configuration is an object; the API itself says what of. */
async function providerSchema(): Promise<Schema> {
  const { body } = await herald.admin.get<{
    items: { channel: string; type: string; configSchema: Schema & { $defs?: Record<string, Schema> } }[];
  }>('/v1/provider-types');
  const oneOf = body.items.map(({ channel, type, configSchema: { $defs, ...config } }): Schema => {
    const inlined = JSON.parse(JSON.stringify(config), (_name, value) =>
      value?.$ref ? $defs?.[value.$ref.split('/').at(-1)] : value,
    );
    const properties = { channel: { enum: [channel] }, type: { enum: [type] }, config: inlined };
    return { type: 'object', required: Object.keys(properties), properties };
  });
  return { oneOf };
}

describe('hostile requests get an answer that says what is wrong with them', () => {
  it.each(OPERATIONS.map((operation) => [operation.operationId, operation] as const))(
    '%s',
    async (id, operation) => {
      const { apiUrl: ingest, adminUrl: admin, edgeUrl: edge } = herald.dev;
      const base = { ingest, admin, edge }[operation.service];
      const one = requests(operation, given.known, id === 'createProvider' ? given.provider : operation.body);
      await fc.assert(
        fc.asyncProperty(fc.array(one, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (batch) => {
          const answers = await Promise.all(batch.map((request) => sendAsIs(base, request, agent)));
          expect(answers.flatMap(faultsOf)).toEqual([]);
        }),
        { numRuns: Math.ceil(RUNS / AT_ONCE), seed: SEED, path: PATH, endOnFailure: PATH !== undefined },
      );
    },
  );

  it('and Herald is none the worse for it', async () => {
    expect(herald.child.isRunning()).toBe(true);
    await until(async () => (await herald.api.get('/readyz')).status === 200);
    for (const channel of CHANNELS) await herald.admin.post(`/v1/channels/${channel}/resume`);
    const { deliveryId } = await sendOne(herald.api, email(newEmail()));
    await untilState(herald.api, deliveryId, 'sent');
  });
});
