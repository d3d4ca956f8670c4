import {
  type DeadLetterDto,
  type ProviderDto,
  type RecipientTokenDto,
  type VapidKeyDto,
  type WebhookEndpointDto,
} from '@herald/contracts';
import { type Client, createKey, createTenant, type TestTenant } from '@herald/testing';
import fc from 'fast-check';
import { email, newEmail, newPhone, sendOne, untilState } from '../harness/notifications';
import { useHerald } from '../harness/use-herald';
import { Members, toText } from './json-text';
import { OPERATIONS, type Operation, resolved, type Schema } from './openapi';
import { valid } from './valid';

const herald = useHerald();

/** Where a request can name something of somebody else. */
interface Place {
  operation: Operation;
  kind: 'path' | 'query' | 'header' | 'body';
  name: string;
}

/** What to name there: by the collection of a path's id, else by the name. A place that is not here fails the test. */
const MEANT: Record<string, keyof Belongings> = {
  notifications: 'notification',
  deliveries: 'dead',
  tenants: 'tenant',
  'api-keys': 'apiKey',
  providers: 'provider',
  'webhook-endpoints': 'endpoint',
  'vapid-keys': 'vapidKey',
  'Herald-Tenant': 'tenant',
  tenantId: 'tenant',
  ids: 'dead',
  recipient: 'address',
  address: 'phone',
  cursor: 'cursor',
};
/** Names that are of the caller's own making, or of Herald's, and nobody's property. */
const NOBODYS = new Set([
  ...[
    'channel',
    'state',
    'reason',
    'provider',
    'from',
    'to',
    'limit',
    'metadata.<key>',
    'bodySHA256',
    'category',
  ],
  ...['Idempotency-Key'],
]);
/** Anyone may call it, and which tenant it is for is said by the signature: see receipts.test.ts. */
const PUBLIC = new Set(['takeReceipt', 'takeAccountReceipts']);

const OPERATORS = new Set(['listTenants', 'createTenant', 'getTenant', 'updateTenant', 'listChannels']);

interface Belongings {
  tenant: string;
  notification: string;
  dead: string;
  apiKey: string;
  provider: string;
  endpoint: string;
  vapidKey: string;
  item: string;
  address: string;
  phone: string;
  cursor: string;
}

const own = {
  tenant: {} as TestTenant,
  mine: {} as Belongings,
  strangersKey: '',
  /** For a recipient of the same id. */
  strangersToken: '',
  owner: {} as Client,
};
const RECIPIENT = 'user_42';

beforeAll(async () => {
  own.tenant = await createTenant(herald.admin);
  own.owner = herald.api.withKey(own.tenant.key);
  own.strangersKey = (await createTenant(herald.admin)).key;
  own.mine = await fill(own.owner, own.tenant);
  own.strangersToken = await tokenFor(herald.api.withKey(own.strangersKey));
});

async function tokenFor(api: Client): Promise<string> {
  const { body } = await api.post<RecipientTokenDto>('/v1/recipient-tokens', { recipient: RECIPIENT });
  return body.token;
}

/** Gives a tenant one of everything. Without a provider for e-mail, mails become dead letters. */
async function fill(api: Client, tenant: TestTenant): Promise<Belongings> {
  const address = newEmail();
  const { id, deliveryId } = await sendOne(api, email(address));
  await untilState(api, deliveryId, 'dead');
  const sendAt = new Date(Date.now() + 3_600_000).toISOString();
  await sendOne(api, email(address, { sendAt }));
  const config = {
    accountSid: `AC${'0'.repeat(32)}`,
    authToken: 'a-secret-auth-token',
    from: '+15005550006',
  };
  const { body } = await api.post<ProviderDto>('/v1/providers', { channel: 'sms', type: 'twilio', config });
  const phone = newPhone();
  await api.post('/v1/suppressions', { channel: 'sms', address: phone });
  const hook = { url: herald.sandbox.webhookUrl('isolation'), events: ['endpoint.disabled'] };
  const endpoint = await api.post<WebhookEndpointDto>('/v1/webhook-endpoints', hook);
  const vapidKey = await api.post<VapidKeyDto>('/v1/vapid-keys', { subject: 'mailto:ops@example.com' });
  const inapp = { to: { recipient: RECIPIENT }, content: { inapp: { title: 'Hello' } } };
  const item = await sendOne(api, inapp);
  await untilState(api, item.deliveryId, 'sent');
  const page = await api.get<{ nextCursor: string }>('/v1/notifications?limit=1');
  return {
    tenant: tenant.id,
    notification: id,
    dead: deliveryId,
    apiKey: (await createKey(herald.admin, tenant.id)).id,
    provider: body.id,
    endpoint: endpoint.body.id,
    vapidKey: vapidKey.body.id,
    item: item.deliveryId,
    address,
    phone,
    cursor: page.body.nextCursor,
  };
}

function placesOf(operation: Operation): Place[] {
  const body = operation.body ? idsIn(resolved(operation.body)) : [];
  return [
    ...operation.parameters.map(
      (parameter): Place => ({ operation, kind: parameter.in, name: parameter.name }),
    ),
    ...body.map((name): Place => ({ operation, kind: 'body', name })),
  ];
}

/** The fields of a body that name something by its id. */
function idsIn({ properties = {} }: Schema): string[] {
  const isId = (schema: Schema) => schema.format === 'uuid';
  return Object.entries(properties)
    .filter(([, schema]) => isId(schema) || isId(resolved(schema.items ?? {})))
    .map(([name]) => name);
}

function meantBy({ operation, kind, name }: Place): keyof Belongings | undefined {
  const key = kind === 'path' && name === 'id' ? (operation.path.split('/')[2] as string) : name;
  return operation.isRecipients && name === 'ids' ? 'item' : MEANT[key];
}

const PLACES = OPERATIONS.filter(({ operationId }) => !PUBLIC.has(operationId)).flatMap(placesOf);
const NAMED = PLACES.filter((place) => meantBy(place) !== undefined);

/** The request of an operation, good but for the one place that names what is the other tenant's. */
async function call(place: Place): Promise<{ status: number; text: string }> {
  const { operation, kind, name } = place;
  const id = own.mine[meantBy(place) as keyof Belongings];
  const path = operation.path.replace(/\{\w+\}/, kind === 'path' ? id : 'email');
  const query = new URLSearchParams(kind === 'query' ? { [name]: id } : {});
  for (const { name: needed } of operation.parameters.filter(
    (each) => each.in === 'query' && each.required,
  )) {
    if (needed !== name) query.set(needed, needed === 'channel' ? 'sms' : own.mine.phone);
  }
  const headers: Record<string, string> = kind === 'header' ? { [name]: id } : {};
  const text = bodyOf(operation, kind === 'body' ? { name, id } : undefined);
  const response = await fetch(`${herald.dev.apiUrl}${path}${query.size > 0 ? `?${query}` : ''}`, {
    method: operation.method,
    body: text,
    headers: {
      ...headers,
      ...(text && { 'content-type': 'application/json' }),
      authorization: `Bearer ${operation.isRecipients ? own.strangersToken : own.strangersKey}`,
    },
  });
  return { status: response.status, text: await response.text() };
}

function bodyOf({ operationId, body }: Operation, named?: { name: string; id: string }): string | undefined {
  if (!body) return undefined;
  if (operationId === 'markFeed') return JSON.stringify({ ids: [named?.id], as: 'read' });
  if (named?.name === 'ids') return JSON.stringify({ ids: [named.id] });
  if (/DeadLetters$/.test(operationId)) return JSON.stringify({ filter: {} });
  const [good] = fc.sample(valid(body), { numRuns: 1, seed: 7 });
  const entries = good instanceof Members ? good.entries.filter(([name]) => name !== 'tenantId') : [];
  return toText(new Members(named ? [...entries, [named.name, named.id]] : entries));
}

/** All that the tenant can see of itself. */
async function whatIsMine(): Promise<string> {
  const { mine, owner } = own;
  const answers = await Promise.all([
    owner.get(`/v1/notifications/${mine.notification}`),
    owner.get('/v1/notifications?limit=200'),
    owner.get('/v1/api-keys?limit=200'),
    owner.get('/v1/providers?limit=200'),
    owner.get<{ items: DeadLetterDto[] }>('/v1/dead-letters'),
    owner.get('/v1/suppressions'),
    owner.get('/v1/webhook-secrets'),
    owner.get('/v1/webhook-endpoints'),
    owner.get('/v1/vapid-keys'),
    owner.get(`/v1/deliveries/${mine.item}`),
    herald.admin.get(`/v1/tenants/${mine.tenant}`),
  ]);
  expect(answers.map(({ status }) => status)).toEqual(Array(11).fill(200));
  return JSON.stringify(
    answers.map(({ body }) => body),
    (name, value) => (name === 'lastUsedAt' ? undefined : value),
  );
}

it('every place of the document where something can be named is known here', () => {
  const unknown = PLACES.filter(
    (place) => !meantBy(place) && !NOBODYS.has(place.name) && place.name !== 'channel',
  );
  expect(unknown.map(({ operation, kind, name }) => `${operation.operationId} ${kind} ${name}`)).toEqual([]);
  expect(NAMED.length).toBeGreaterThan(40);
});

describe("what is another tenant's is not there", () => {
  it.each(NAMED.map((place) => [place.operation.operationId, place.kind, place.name, place] as const))(
    '%s, named in its %s as %s',
    async (operationId, kind, name, place) => {
      const before = await whatIsMine();
      const { status, text } = await call(place);
      if (kind === 'query' && (name === 'recipient' || name === 'cursor')) {
        // A filter finds nothing of another's, and a cursor leads into one's own list only; a list below a path has an
        // owner that is not there.
        expect([200, 403, 422, ...(place.operation.path.includes('{') ? [404] : [])]).toContain(status);
      } else if (operationId === 'markFeed') {
        expect([status, text]).toEqual([200, '{"changed":0}']);
      } else if (name === 'ids') {
        expect([status, text.includes('"not_found"')]).toEqual([200, true]);
      } else {
        // The operator's routes are refused before anything is looked up.
        expect([404, ...(OPERATORS.has(operationId) ? [403] : [])]).toContain(status);
      }
      const secretOf = Object.values(own.mine).filter((value) => value !== own.mine[meantBy(place)!]);
      for (const value of secretOf) expect(text).not.toContain(value);
      expect(await whatIsMine()).toBe(before);
    },
  );
});
