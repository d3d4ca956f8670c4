import { randomUUID } from 'node:crypto';
import { type CreatedApiKeyDto, type CreatedTenantDto } from '@herald/contracts';
import { type Client } from './client';

const EVERY_SCOPE = ['notifications:write', 'notifications:read', 'feeds:token', 'admin'];

export interface TestTenant {
  id: string;
  webhookSecret: string;
  /** The id and the text of a live key with every scope. */
  keyId: string;
  key: string;
}

/** Makes a tenant with a live key that may do everything. `admin` has the operator's key. */
export async function createTenant(admin: Client): Promise<TestTenant> {
  const { status, body } = await admin.post<CreatedTenantDto>('/v1/tenants', {
    name: `tenant-${randomUUID().slice(0, 8)}`,
  });
  if (status !== 201) throw new Error(`No tenant: ${status} ${JSON.stringify(body)}`);
  const key = await createKey(admin, body.id);
  return { id: body.id, webhookSecret: body.webhookSecret, keyId: key.id, key: key.key };
}

/** Makes a key of a tenant; live and with every scope unless told otherwise. */
export async function createKey(
  admin: Client,
  tenantId: string,
  more: object = {},
): Promise<CreatedApiKeyDto> {
  const { status, body } = await admin.post<CreatedApiKeyDto>('/v1/api-keys', {
    tenantId,
    name: `key-${randomUUID().slice(0, 8)}`,
    mode: 'live',
    scopes: EVERY_SCOPE,
    ...more,
  });
  if (status !== 201) throw new Error(`No key: ${status} ${JSON.stringify(body)}`);
  return body;
}

/** The id of the tenant that `npm start` makes. */
export async function demoTenantId(admin: Client): Promise<string> {
  const { body } = await admin.get<{ items: { id: string; name: string }[] }>('/v1/tenants?limit=200');
  const demo = body.items.find(({ name }) => name === 'demo');
  if (!demo) throw new Error('There is no demo tenant');
  return demo.id;
}
