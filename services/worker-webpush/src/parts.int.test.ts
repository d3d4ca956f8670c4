import { randomUUID } from 'node:crypto';
import { createVapidKey, Database } from '@herald/db';
import { WorkerServiceConfig } from '@herald/delivery';
import { newId } from '@herald/domain';
import { generateEncryptionKey, loadConfig, parseEncryptionKeys, SecretBox } from '@herald/platform';
import { newVapidKeyPair, PROVIDERS, validateProviderConfig } from '@herald/providers';
import { useTestDatabase } from '@herald/testing';
import { webpushParts } from './parts';

const database = useTestDatabase();
const encryptionKeys = generateEncryptionKey('test');
const box = new SecretBox(parseEncryptionKeys(encryptionKeys));
let db: Database;
let tenantId: string;

beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 2,
    statementTimeoutMs: 20_000,
    connectTimeoutMs: 5000,
    applicationName: 'test',
  });
});
beforeEach(async () => {
  tenantId = randomUUID();
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [tenantId]);
});
afterAll(() => db.close());

let at = Date.now();
async function newKey(subject: string, retireOthersAfterSeconds?: number) {
  at += 1;
  const [id, pair] = [newId(at), await newVapidKeyPair()];
  const privateKey = box.seal(pair.privateKey, `vapid_keys:${id}`);
  await createVapidKey(
    db,
    { ...pair, id, tenantId, subject, privateKey },
    { max: 9, retireOthersAfterSeconds },
  );
  return { id, ...pair };
}

const settings = () => {
  const config = loadConfig(WorkerServiceConfig, {
    DATABASE_URL: database.url,
    REDIS_URL: 'redis://127.0.0.1:1',
    HERALD_ENCRYPTION_KEYS: encryptionKeys,
  });
  return webpushParts(config).findSettings(db, tenantId);
};

it('has no provider for a tenant without keys', async () => {
  expect(await settings()).toEqual([]);
});

it('has one with the keys that are live, newest first, and another version when they change', async () => {
  const older = await newKey('mailto:old@example.com');
  const [before] = await settings();
  const newer = await newKey('mailto:new@example.com');
  const [setting, ...others] = await settings();
  expect(others).toEqual([]);
  expect(setting).toMatchObject({
    id: tenantId,
    type: 'web-push',
    config: { subject: 'mailto:new@example.com', keys: [newer, older] },
  });
  expect(setting?.version).not.toBe(before?.version);
  const [definition] = PROVIDERS.webpush;
  expect(validateProviderConfig(definition!, setting?.config)).toMatchObject({ ok: true });

  const newest = await newKey('mailto:new@example.com', 0);
  expect((await settings())[0]?.config).toEqual({ subject: 'mailto:new@example.com', keys: [newest] });
});
