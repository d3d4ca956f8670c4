import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createApiKey, type Database, rotateWebhookSecret, Tenant } from '@herald/db';
import { newId } from '@herald/domain';
import { newApiKey, parseEncryptionKeys, SecretBox } from '@herald/platform';
import { closedLoop } from '../load/closed-loop';
import { HttpConnection } from '../load/http-connection';

export interface WebhookTenant {
  id: string;
  apiKey: string;
}

const NO_LIMIT = 100_000_000;
const HOST = '127.0.0.1';

/** A tenant with a live key and a signing secret: its webhooks are really sent. */
export async function createWebhookTenant(
  db: Database,
  name: string,
  encryptionKeys: string,
): Promise<WebhookTenant> {
  const id = newId(Date.now());
  const { key, hash, hint } = newApiKey('live');
  await db.repository(Tenant).insert({ id, name });
  const limits = { burst: NO_LIMIT, perSecond: NO_LIMIT };
  const scopes = ['notifications:write'] as const;
  await createApiKey(db, {
    id: newId(Date.now()),
    tenantId: id,
    name,
    hash,
    hint,
    live: true,
    scopes: [...scopes],
    ...limits,
  });
  const secretId = newId(Date.now());
  const box = new SecretBox(parseEncryptionKeys(encryptionKeys.split(',')));
  const secret = box.seal(`whsec_${randomBytes(32).toString('base64')}`, `webhook_secrets:${secretId}`);
  await rotateWebhookSecret(db, id, { id: secretId, secret }, 0);
  return { id, apiKey: key };
}

/** Posts `count` webhooks to a URL in the bulk lane, as fast as the API takes them; with 500 recipients each. */
export async function postBulk(
  port: number,
  { apiKey }: WebhookTenant,
  { url, count }: { url: string; count: number },
): Promise<void> {
  const requests: Buffer[] = [];
  for (let at = 0; at < count; at += 500) {
    const to = Array.from({ length: Math.min(500, count - at) }, () => ({ webhookUrl: url }));
    requests.push(request(apiKey, { to, priority: 'bulk', ...CONTENT }));
  }
  await withConnections(port, 4, (connections) => closedLoop(connections, requests));
}

/** Posts critical webhooks at a fixed rate, whether or not the API keeps up; returns how many it accepted. */
export async function postCritical(
  port: number,
  { apiKey }: WebhookTenant,
  { url, perSecond, seconds }: { url: string; perSecond: number; seconds: number },
): Promise<number> {
  const body = JSON.stringify({ to: { webhookUrl: url }, priority: 'critical', ...CONTENT });
  const headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  const startedAt = performance.now();
  const posts: Promise<boolean>[] = [];
  for (let n = 0; n < perSecond * seconds; n += 1) {
    await sleep(startedAt + (n * 1000) / perSecond - performance.now());
    posts.push(post(`http://${HOST}:${port}/v1/notifications`, { method: 'POST', headers, body }));
  }
  return (await Promise.all(posts)).filter(Boolean).length;
}

async function post(url: string, request: RequestInit): Promise<boolean> {
  const response = await fetch(url, request);
  await response.arrayBuffer();
  return response.status === 202;
}

const CONTENT = { content: { webhook: { payload: { event: 'order.shipped', order: 4711 } } } };

function request(apiKey: string, body: object): Buffer {
  const json = JSON.stringify(body);
  return Buffer.from(
    [
      'POST /v1/notifications HTTP/1.1',
      `Host: ${HOST}`,
      `Authorization: Bearer ${apiKey}`,
      'Content-Type: application/json',
      `Content-Length: ${Buffer.byteLength(json)}`,
      '',
      json,
    ].join('\r\n'),
  );
}

async function withConnections(
  port: number,
  count: number,
  post: (connections: readonly HttpConnection[]) => Promise<{ statuses: Record<string, number> }>,
): Promise<void> {
  let fail: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => {
    fail = reject;
  });
  broken.catch(() => undefined);
  const opening = Array.from({ length: count }, () => HttpConnection.connect({ host: HOST, port }, fail));
  const connections = await Promise.all(opening);
  try {
    const { statuses } = await Promise.race([post(connections), broken]);
    const refused = Object.keys(statuses).filter((status) => status !== '202');
    if (refused.length > 0) throw new Error(`The API answered ${JSON.stringify(statuses)}`);
  } finally {
    for (const connection of connections) connection.close();
  }
}
