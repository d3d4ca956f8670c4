import { type Database } from '@herald/db';
import { lowestId } from '@herald/domain';
import { acceptToSent, type Latency } from '../scenario/verify-run';
import { type WebhookHouse } from './webhook-house';
import { createWebhookTenant, postBulk, postCritical, type WebhookTenant } from './webhook-tenant';

/** Accept to sent of tenant B's notifications, and how many of them the API did not accept. */
export interface Reading extends Latency {
  refused: number;
}

/** Tenant B alone, and while tenant A has a backlog. */
export interface Isolation {
  idle: Reading;
  loaded: Reading;
  /** Of tenant A's deliveries, those that waited when B's measurement began and when it ended, and what was sent. */
  backlog: { before: number; after: number; sent: number };
}

export interface IsolationPlan {
  /** Where A's webhooks go, and B's. */
  flooded: string;
  other: string;
  count: number;
  seconds: number;
}

const PER_SECOND = 100;
/** Unmeasured at the beginning of each phase: code is compiled and connections are opened. */
const WARM_UP_SECONDS = 4;

/** Measures B alone, lets A post its backlog while no worker runs, and measures B while the worker works on it. */
export async function measureIsolation(house: WebhookHouse, plan: IsolationPlan): Promise<Isolation> {
  const [a, b] = [await tenant(house, 'A'), await tenant(house, 'B')];
  const alone = await house.startWorker();
  const idle = await measure(house, b, plan);
  await alone.stop();
  await postBulk(house.apiPort, a, { url: plan.flooded, count: plan.count });
  await house.db.rows('ANALYZE');
  const worker = await house.startWorker();
  const before = await figures(house.db, a);
  const loaded = await measure(house, b, plan);
  const after = await figures(house.db, a);
  await worker.stop();
  return {
    idle,
    loaded,
    backlog: { before: before.waiting, after: after.waiting, sent: after.sent - before.sent },
  };
}

/** How two tenants share the bulk lane while both have work there. */
export interface Shares {
  /** Deliveries sent of the one with the large backlog and of the one that came later, in that time. */
  first: number;
  later: number;
  seconds: number;
}

/** Queues a large backlog of A and then a small one of B without a worker, and counts what is sent of each until B has no more. */
export async function measureShares(
  house: WebhookHouse,
  { url, count, later }: { url: string; count: number; later: number },
): Promise<Shares> {
  const [a, b] = [await tenant(house, 'A'), await tenant(house, 'B')];
  await postBulk(house.apiPort, a, { url, count });
  await postBulk(house.apiPort, b, { url, count: later });
  const worker = await house.startWorker();
  await untilSent(house.db, b, later);
  await worker.stop();
  const [row] = await house.db.rows<{ first: number; seconds: number }>(
    `WITH w AS (SELECT max(sent_at) AS until FROM deliveries WHERE tenant_id = $2)
     SELECT count(*)::integer AS first, extract(epoch FROM max(sent_at) - min(sent_at))::float8 AS seconds
     FROM deliveries, w WHERE tenant_id = $1 AND sent_at <= until`,
    [a.id, b.id],
  );
  return { first: row?.first ?? 0, later, seconds: row?.seconds ?? 0 };
}

function tenant(house: WebhookHouse, name: string): Promise<WebhookTenant> {
  return createWebhookTenant(house.db, name, house.encryptionKeys);
}

async function measure(house: WebhookHouse, b: WebhookTenant, plan: IsolationPlan): Promise<Reading> {
  const rate = { url: plan.other, perSecond: PER_SECOND };
  await postCritical(house.apiPort, b, { ...rate, seconds: WARM_UP_SECONDS });
  const firstId = lowestId(Date.now());
  const accepted = await postCritical(house.apiPort, b, { ...rate, seconds: plan.seconds });
  await untilSent(house.db, b, accepted, firstId);
  const latency = await acceptToSent(house.db, { name: 'B', tenantId: b.id, firstId, apiKey: b.apiKey });
  return { ...latency, refused: PER_SECOND * plan.seconds - accepted };
}

async function figures(db: Database, { id }: WebhookTenant): Promise<{ waiting: number; sent: number }> {
  const [row] = await db.rows<{ waiting: number; sent: number }>(
    `SELECT (count(*) FILTER (WHERE state IN ('queued', 'scheduled')))::integer AS waiting,
       (count(*) FILTER (WHERE state = 'sent'))::integer AS sent
     FROM deliveries WHERE tenant_id = $1`,
    [id],
  );
  return row ?? { waiting: 0, sent: 0 };
}

const PATIENCE_MS = 120_000;

async function untilSent(
  db: Database,
  { id }: WebhookTenant,
  count: number,
  firstId = lowestId(0),
): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const [row] = await db.rows<{ sent: number }>(
      `SELECT count(*)::integer AS sent FROM deliveries WHERE tenant_id = $1 AND id >= $2 AND state = 'sent'`,
      [id, firstId],
    );
    if ((row?.sent ?? 0) >= count) return;
    if (Date.now() > deadline) throw new Error(`Only ${row?.sent} of ${count} webhooks were sent`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
