import { newVapidKey } from '@herald/admin-api';
import { SCOPES } from '@herald/contracts';
import { ApiKey, type Database, ProviderConfig, Tenant, VapidKey, WebhookSecret } from '@herald/db';
import { newId } from '@herald/domain';
import { apiKeyHint, parseEncryptionKeys, SecretBox, sha256 } from '@herald/platform';
import { type Secrets } from './data-folder';
import { type DemoProvider, demoProviders, type SandboxAddress } from './demo-providers';

/** More than this machine can send: the demo key must not be what a load test measures. */
const DEMO_LIMIT = 100_000;
const DEMO_TENANT = '00000000-0000-7000-8000-0000000000de';

/**
 * Makes the `demo` tenant: a live key with every scope, and providers that go the real way through the real clients to
 * the sandbox's servers. Run at each start, because the sandbox's ports may have changed. Gives the ids of the providers by
 * their types.
 */
export async function ensureDemoTenant(
  db: Database,
  secrets: Secrets,
  sandbox: SandboxAddress,
): Promise<ReadonlyMap<string, string>> {
  const box = new SecretBox(parseEncryptionKeys(secrets.encryptionKey));
  await db.repository(Tenant).upsert({ id: DEMO_TENANT, name: 'demo' }, ['id']);
  await ensureKey(db, secrets.apiKey);
  await ensureWebhookSecret(db, box, secrets.webhookSecret);
  await ensureVapidKey(db, box);
  const ids = new Map<string, string>();
  for (const provider of demoProviders(secrets, sandbox))
    ids.set(provider.type, await ensureProvider(db, box, provider));
  return ids;
}

async function ensureKey(db: Database, apiKey: string): Promise<void> {
  const keys = db.repository(ApiKey);
  const hash = sha256(apiKey);
  const known = await keys.findOneBy({ hash });
  if (known) {
    // A folder of an earlier release has a key that knows fewer.
    await keys.update({ id: known.id }, { scopes: [...SCOPES] });
    return;
  }
  await keys.insert({
    id: newId(Date.now()),
    tenantId: DEMO_TENANT,
    name: 'demo',
    hash,
    hint: apiKeyHint(apiKey),
    live: true,
    scopes: [...SCOPES],
    burst: DEMO_LIMIT,
    perSecond: DEMO_LIMIT,
  });
}

async function ensureWebhookSecret(db: Database, box: SecretBox, secret: string): Promise<void> {
  const known = await db.repository(WebhookSecret).findOneBy({ tenantId: DEMO_TENANT });
  if (known) return;
  const id = newId(Date.now());
  await db
    .repository(WebhookSecret)
    .insert({ id, tenantId: DEMO_TENANT, secret: box.seal(secret, `webhook_secrets:${id}`) });
}

async function ensureVapidKey(db: Database, box: SecretBox): Promise<void> {
  const keys = db.repository(VapidKey);
  if (await keys.findOneBy({ tenantId: DEMO_TENANT })) return;
  const key = await newVapidKey(box);
  await keys.insert({ ...key, tenantId: DEMO_TENANT, subject: 'mailto:demo@example.com' });
}

async function ensureProvider(
  db: Database,
  box: SecretBox,
  { channel, type, name, position, config }: DemoProvider,
): Promise<string> {
  const providers = db.repository(ProviderConfig);
  const known = await providers.findOneBy({ tenantId: DEMO_TENANT, channel, name });
  const id = known?.id ?? newId(Date.now());
  const sealed = box.seal(config, `provider_configs:${id}`);
  if (known) await providers.update({ id }, { config: sealed, updatedAt: () => 'now()' });
  else await providers.insert({ id, tenantId: DEMO_TENANT, channel, type, name, position, config: sealed });
  return id;
}
