import { receiptUrl } from '@herald/contracts';
import { ApiKey, type Database, ProviderConfig, Tenant, WebhookSecret } from '@herald/db';
import { newId } from '@herald/domain';
import { apiKeyHint, parseEncryptionKeys, SecretBox, sha256 } from '@herald/platform';
import { type Secrets } from './data-folder';

export interface SandboxAddress {
  smtpPort: number;
  httpUrl: string;
  sendgridEvents?: { publicKey: string; configure(settings: { enabled: boolean; url: string }): void };
}

interface DemoProvider {
  channel: 'email' | 'sms';
  type: string;
  name: string;
  position: number;
  config: object;
}

/** More than this machine can send: the demo key must not be what a load test measures. */
const DEMO_LIMIT = 100_000;
const DEMO_TENANT = '00000000-0000-7000-8000-0000000000de';

/**
 * Makes the `demo` tenant: a live key with every scope, and providers that go the real way through the real clients to
 * the sandbox's servers. Run at each start, because the sandbox's ports may have changed.
 */
export async function ensureDemoTenant(
  db: Database,
  secrets: Secrets,
  sandbox: SandboxAddress,
  edgeUrl: string,
): Promise<void> {
  const box = new SecretBox(parseEncryptionKeys(secrets.encryptionKey));
  await db.repository(Tenant).upsert({ id: DEMO_TENANT, name: 'demo' }, ['id']);
  await ensureKey(db, secrets.apiKey);
  await ensureWebhookSecret(db, box, secrets.webhookSecret);
  for (const provider of demoProviders(secrets, sandbox)) {
    const id = await ensureProvider(db, box, provider);
    if (provider.type !== 'sendgrid') continue;
    sandbox.sendgridEvents?.configure({ enabled: true, url: receiptUrl(edgeUrl, id) });
  }
}

const MAIL_FROM = 'Herald demo <demo@herald.test>';
const SMS_FROM = '+15005550006';
export const VONAGE_KEY = 'demo0000';

/** Two for each channel: the second is there for when the first fails. */
function demoProviders(secrets: Secrets, sandbox: SandboxAddress): DemoProvider[] {
  return [
    {
      channel: 'email',
      type: 'smtp',
      name: 'sandbox',
      position: 0,
      config: { host: '127.0.0.1', port: sandbox.smtpPort, security: 'none', from: MAIL_FROM },
    },
    {
      channel: 'email',
      type: 'sendgrid',
      name: 'sandbox-second',
      position: 1,
      config: {
        apiKey: secrets.sendgridKey,
        from: MAIL_FROM,
        webhookPublicKey: sandbox.sendgridEvents?.publicKey,
        apiBaseUrl: sandbox.httpUrl,
      },
    },
    {
      channel: 'sms',
      type: 'twilio',
      name: 'sandbox',
      position: 0,
      config: {
        accountSid: secrets.twilioSid,
        authToken: secrets.twilioToken,
        from: SMS_FROM,
        apiBaseUrl: sandbox.httpUrl,
      },
    },
    {
      channel: 'sms',
      type: 'vonage',
      name: 'sandbox-second',
      position: 1,
      config: {
        apiKey: VONAGE_KEY,
        apiSecret: secrets.vonageSecret,
        signatureSecret: secrets.vonageSignatureSecret,
        from: SMS_FROM,
        apiBaseUrl: `${sandbox.httpUrl}/vonage`,
      },
    },
  ];
}

async function ensureKey(db: Database, apiKey: string): Promise<void> {
  const keys = db.repository(ApiKey);
  const hash = sha256(apiKey);
  if (await keys.findOneBy({ hash })) return;
  await keys.insert({
    id: newId(Date.now()),
    tenantId: DEMO_TENANT,
    name: 'demo',
    hash,
    hint: apiKeyHint(apiKey),
    live: true,
    scopes: ['notifications:write', 'notifications:read', 'admin'],
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
