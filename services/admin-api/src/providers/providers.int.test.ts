import { generateKeyPairSync } from 'node:crypto';
import { type JsonSchema } from '@herald/contracts';
import { addProviderEvent, findEnabledProviders } from '@herald/db';
import Ajv2020 from 'ajv/dist/2020';
import { type Caller, useTestAdmin } from '../testing/use-test-admin';

const admin = useTestAdmin();
let tenant: { id: string; admin: Caller };
beforeEach(async () => {
  tenant = await admin.newTenant();
});

const TOKEN = 'f00dfacef00dfacef00dfacef00dface';
const TWILIO = {
  channel: 'sms',
  type: 'twilio',
  config: { accountSid: `AC${'0'.repeat(32)}`, authToken: TOKEN, from: '+15005550006' },
};
const SMTP = {
  channel: 'email',
  type: 'smtp',
  config: { host: 'mail.example.com', port: 587, from: 'Shop <shop@example.com>' },
};

async function create(body: object) {
  return (await tenant.admin.post('/v1/providers', body).expect(201)).body;
}

async function stored(id: string) {
  const [row] = await admin.db.rows('SELECT * FROM provider_configs WHERE id = $1', [id]);
  return { row, config: JSON.parse(admin.box.open(row?.config as string, `provider_configs:${id}`)) };
}

it('keeps the configuration sealed and never shows a secret', async () => {
  const body = await create({ ...TWILIO, name: 'Main', position: 3 });
  const { authToken, ...shown } = TWILIO.config;
  expect(body).toEqual({
    id: expect.any(String),
    tenantId: tenant.id,
    channel: 'sms',
    type: 'twilio',
    name: 'Main',
    config: shown,
    secretsSet: ['authToken'],
    enabled: true,
    position: 3,
    weight: 100,
    breaker: 'auto',
    createdAt: expect.any(String),
    updatedAt: expect.any(String),
  });
  const { row, config } = await stored(body.id);
  expect(config).toEqual(TWILIO.config);
  expect(JSON.stringify(row)).not.toContain(TOKEN);
  expect(JSON.stringify(row)).not.toContain('15005550006');
  const one = await tenant.admin.get(`/v1/providers/${body.id}`).expect(200);
  expect(one.body).toEqual(body);
  const list = await tenant.admin.get('/v1/providers').expect(200);
  expect(list.body).toEqual({ items: [body] });
  expect(one.text + list.text).not.toContain(TOKEN);
});

it('merges changes into the configuration: what is left out keeps its value, secrets too', async () => {
  const { id } = await create(TWILIO);
  const { body } = await tenant.admin
    .patch(`/v1/providers/${id}`, { config: { from: '+15005550009' }, position: 7 })
    .expect(200);
  expect(body).toMatchObject({ position: 7, enabled: true, name: 'twilio', secretsSet: ['authToken'] });
  expect((await stored(id)).config).toEqual({ ...TWILIO.config, from: '+15005550009' });
  await tenant.admin.patch(`/v1/providers/${id}`, { config: { authToken: 'x'.repeat(32) } }).expect(200);
  expect((await stored(id)).config.authToken).toBe('x'.repeat(32));

  const messagingServiceSid = `MG${'1'.repeat(32)}`;
  await tenant.admin
    .patch(`/v1/providers/${id}`, { config: { from: null, messagingServiceSid } })
    .expect(200);
  const { config } = await stored(id);
  expect(config).toEqual({
    accountSid: TWILIO.config.accountSid,
    authToken: 'x'.repeat(32),
    messagingServiceSid,
  });
});

it('checks what a change makes of the configuration, and leaves it as it was if that is wrong', async () => {
  const { id } = await create(TWILIO);
  const removed = await tenant.admin
    .patch(`/v1/providers/${id}`, { config: { authToken: null } })
    .expect(422);
  expect(removed.body.errors).toEqual([{ pointer: '/config/authToken', detail: 'is required' }]);
  const change = { name: 'Other', config: { nonsense: 1 } };
  const unknown = await tenant.admin.patch(`/v1/providers/${id}`, change).expect(422);
  expect(unknown.body.errors).toEqual([{ pointer: '/config/nonsense', detail: 'is not a known field' }]);
  expect((await stored(id)).config).toEqual(TWILIO.config);
  expect((await stored(id)).row).toMatchObject({ name: 'twilio' });
});

const DKIM = {
  domain: 'example.com',
  selector: 's1',
  privateKey: generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  }).privateKey,
};
const SECURED = { ...SMTP.config, username: 'shop', password: 'the-password', dkim: DKIM };

it.each([
  { host: 'mail.attacker.example' },
  { port: 2525 },
  { security: 'none' },
  { rejectUnauthorized: false },
])('sends no stored secret where it was not given for: %j', async (change) => {
  const { id } = await create({ ...SMTP, config: SECURED });
  const detail = expect.stringContaining(`change of ${Object.keys(change)[0]}`);
  const refused = await tenant.admin.patch(`/v1/providers/${id}`, { config: change }).expect(422);
  expect(refused.body.errors).toEqual([
    { pointer: '/config/password', detail },
    { pointer: '/config/dkim', detail },
  ]);
  const half = { ...change, password: 'anew', dkim: { selector: 's2' } };
  const nested = await tenant.admin.patch(`/v1/providers/${id}`, { config: half }).expect(422);
  expect(nested.body.errors).toContainEqual({ pointer: '/config/dkim/privateKey', detail: 'is required' });
  expect((await stored(id)).config).toEqual(SECURED);
  const whole = { ...change, password: 'anew', dkim: null };
  await tenant.admin.patch(`/v1/providers/${id}`, { config: whole }).expect(200);
  const { dkim, ...others } = SECURED;
  expect((await stored(id)).config).toEqual({ ...others, ...change, password: 'anew' });
});

it('asks for secrets only where there are some, and something changes', async () => {
  const open = await create(SMTP);
  await tenant.admin.patch(`/v1/providers/${open.id}`, { config: { host: 'mx.example.com' } }).expect(200);
  const { id } = await create(TWILIO);
  const apiBaseUrl = 'https://attacker.example';
  const { body } = await tenant.admin.patch(`/v1/providers/${id}`, { config: { apiBaseUrl } }).expect(422);
  expect(body.errors).toMatchObject([{ pointer: '/config/authToken' }]);
  await tenant.admin.patch(`/v1/providers/${id}`, { config: { apiBaseUrl, authToken: TOKEN } }).expect(200);
  await tenant.admin
    .patch(`/v1/providers/${id}`, { config: { apiBaseUrl, from: '+15005550009' } })
    .expect(200);
  const back = await tenant.admin.patch(`/v1/providers/${id}`, { config: { apiBaseUrl: null } }).expect(422);
  expect(back.body.errors).toMatchObject([{ pointer: '/config/authToken' }]);
});

it('disables a provider, which workers then do not find, and deletes it', async () => {
  const { id, updatedAt } = await create(SMTP);
  expect(await findEnabledProviders(admin.db, tenant.id, 'email')).toMatchObject([{ id }]);
  const { body } = await tenant.admin.patch(`/v1/providers/${id}`, { enabled: false }).expect(200);
  expect(body).toMatchObject({ enabled: false, config: SMTP.config, secretsSet: [] });
  expect(body.updatedAt >= updatedAt).toBe(true);
  expect(await findEnabledProviders(admin.db, tenant.id, 'email')).toEqual([]);
  await tenant.admin.delete(`/v1/providers/${id}`).expect(204);
  await tenant.admin.delete(`/v1/providers/${id}`).expect(404);
  await tenant.admin.get(`/v1/providers/${id}`).expect(404);
});

it('names providers uniquely within a channel', async () => {
  const { id } = await create({ ...SMTP, name: 'A' });
  await create({ ...SMTP, name: 'B' });
  await create({ ...TWILIO, name: 'A' });
  const clash = await tenant.admin.post('/v1/providers', { ...SMTP, name: 'A' }).expect(409);
  expect(clash.body.detail).toContain('name');
  await tenant.admin.patch(`/v1/providers/${id}`, { name: 'B' }).expect(409);
  const { body } = await tenant.admin.get('/v1/providers?channel=email&limit=1').expect(200);
  expect(body.items).toMatchObject([{ name: 'B' }]);
  const rest = await tenant.admin.get(`/v1/providers?channel=email&cursor=${body.nextCursor}`).expect(200);
  expect(rest.body).toMatchObject({ items: [{ name: 'A', channel: 'email' }] });
});

it("does not reach another tenant's", async () => {
  const { id } = await create(SMTP);
  const stranger = await admin.newTenant();
  await stranger.admin.get(`/v1/providers/${id}`).expect(404);
  await stranger.admin.patch(`/v1/providers/${id}`, { enabled: false }).expect(404);
  await stranger.admin.delete(`/v1/providers/${id}`).expect(404);
  expect((await stranger.admin.get('/v1/providers')).body.items).toEqual([]);
  expect((await tenant.admin.get(`/v1/providers/${id}`)).body.enabled).toBe(true);
});

it.each([
  [{ type: 'sendmail' }, '/type', 'smtp'],
  [{ type: 'twilio' }, '/type', 'smtp'],
  [{ type: 'simulated' }, '/type', 'smtp'],
  [{ channel: 'fax' }, '/channel', 'email'],
  [{ channel: 'webhook', type: 'standard-webhook', config: {} }, '/channel', 'needs no provider'],
  [{ config: { ...SMTP.config, port: 'high' } }, '/config/port', 'integer'],
  [{ config: { port: 25, from: 'a@example.com' } }, '/config/host', 'is required'],
  [{ config: { ...SMTP.config, username: 'u' } }, '/config/password', 'is required'],
  [
    { config: { ...SMTP.config, dkim: { domain: 'example.com', selector: 's', privateKey: 'x' } } },
    '/config/dkim/privateKey',
    'RSA',
  ],
  [{ config: [] }, '/config', 'JSON object'],
  [{ position: -1 }, '/position', 'not be less than 0'],
  [{ credentials: {} }, '/credentials', 'is not a known field'],
])('refuses %j', async (change, pointer, detail) => {
  const { body } = await tenant.admin.post('/v1/providers', { ...SMTP, ...change }).expect(422);
  expect(body.errors).toEqual([{ pointer, detail: expect.stringContaining(detail) }]);
});

it('lists what can be configured with schemas that stand alone', async () => {
  const { body } = await tenant.admin.get('/v1/provider-types').expect(200);
  const types: { type: string; secrets: string[]; configSchema: JsonSchema }[] = body.items;
  const [smtp, twilio] = ['smtp', 'twilio'].map((name) => types.find(({ type }) => type === name));
  expect(smtp).toMatchObject({
    channel: 'email',
    title: 'SMTP server',
    secrets: expect.arrayContaining(['password']),
    destination: expect.arrayContaining(['host', 'port']),
  });
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  for (const [type, good] of [
    [smtp, SMTP.config],
    [twilio, TWILIO.config],
  ] as const) {
    const validate = ajv.compile(type!.configSchema);
    expect(validate(good)).toBe(true);
    expect(validate({ ...good, nonsense: 1 })).toBe(false);
  }
  for (const { configSchema } of types) ajv.compile(configSchema);
  const dkim = { domain: 'example.com' };
  expect(ajv.compile(smtp!.configSchema)({ ...SMTP.config, dkim })).toBe(false);
  await admin.operator.get('/v1/provider-types').expect(200);
});

it('keeps weight, limits and what a person decided of the breaker, for workers to follow', async () => {
  const { id, ...created } = await create({ ...TWILIO, weight: 30, limits: { perSecond: 50 } });
  expect(created).toMatchObject({ weight: 30, limits: { perSecond: 50 }, breaker: 'auto' });
  const changed = await tenant.admin
    .patch(`/v1/providers/${id}`, { breaker: 'open', limits: { perDay: 1000 } })
    .expect(200);
  expect(changed.body).toMatchObject({ weight: 30, limits: { perDay: 1000 }, breaker: 'open' });
  const [enabled] = await findEnabledProviders(admin.db, tenant.id, 'sms');
  expect(enabled).toMatchObject({ id, position: 0, weight: 30, limits: { perDay: 1000 }, breaker: 'open' });
  const { body } = await tenant.admin
    .patch(`/v1/providers/${id}`, { limits: {}, breaker: 'auto' })
    .expect(200);
  expect([body.limits, body.breaker]).toEqual([undefined, 'auto']);
});

it('takes limits by sender where messages can name one', async () => {
  const limits = { perDay: 1000, perSender: { perSecond: 5, perDay: 100 } };
  const { id, ...created } = await create({ ...SMTP, limits });
  expect(created.limits).toEqual(limits);
  const wrong = await tenant.admin.patch(`/v1/providers/${id}`, { limits: { perSender: { perDay: 0 } } });
  expect([wrong.status, wrong.body.errors]).toMatchObject([422, [{ pointer: '/limits/perSender/perDay' }]]);
  const emptied = await tenant.admin.patch(`/v1/providers/${id}`, { limits: { perSender: {} } }).expect(200);
  expect(emptied.body.limits).toBeUndefined();
});

it.each([
  ['/weight', { weight: -1 }],
  ['/weight', { weight: 1001 }],
  ['/limits/perSecond', { limits: { perSecond: 0 } }],
  ['/limits/perDay', { limits: { perDay: 1.5 } }],
  ['/limits/perMinute', { limits: { perMinute: 5 } }],
  ['/limits/perSender', { limits: { perSender: { perSecond: 1 } } }],
])('names the field that is wrong: %s', async (pointer, over) => {
  const { body } = await tenant.admin.post('/v1/providers', { ...TWILIO, ...over }).expect(422);
  expect(body.errors).toMatchObject([{ pointer }]);
});

it('does not take a decision on the breaker that it does not know', async () => {
  const { id } = await create(TWILIO);
  const { body } = await tenant.admin.patch(`/v1/providers/${id}`, { breaker: 'half-open' }).expect(422);
  expect(body.errors).toMatchObject([{ pointer: '/breaker' }]);
});

it('lists what happened to a provider, newest first, page by page, to its own tenant only', async () => {
  const { id } = await create(TWILIO);
  for (const detail of ['http_503', 'http_500'])
    await addProviderEvent(admin.db, { providerId: id, type: 'breaker_opened', detail });
  await addProviderEvent(admin.db, { providerId: id, type: 'breaker_closed' });
  const first = await tenant.admin.get(`/v1/providers/${id}/events?limit=2`).expect(200);
  expect(first.body.items).toEqual([
    { id: expect.any(String), type: 'breaker_closed', at: expect.any(String) },
    { id: expect.any(String), type: 'breaker_opened', detail: 'http_500', at: expect.any(String) },
  ]);
  const next = `/v1/providers/${id}/events?limit=2&cursor=${first.body.nextCursor}`;
  expect((await tenant.admin.get(next).expect(200)).body.items).toMatchObject([{ detail: 'http_503' }]);
  const stranger = await admin.newTenant();
  await stranger.admin.get(`/v1/providers/${id}/events`).expect(404);
  await tenant.admin.delete(`/v1/providers/${id}`).expect(204);
  expect(await admin.db.rows('SELECT 1 FROM provider_events WHERE provider_id = $1', [id])).toEqual([]);
});
