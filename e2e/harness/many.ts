import { type BatchAcceptedDto } from '@herald/contracts';
import { type Sandbox } from '@herald/sandbox';
import { type Client, until } from '@herald/testing';
import { email } from './notifications';
import { type Cluster } from './start-cluster';

/** The addresses of one run of a test. */
export const addressOf = (run: string, n: number) => `${run}-${n}@example.com`;

/** Posts e-mails `from` to `to - 1` of a run in batches of 50, two at a time; all must be accepted. */
export async function postMany(
  api: Client,
  run: string,
  [from, to]: readonly [number, number],
  more: (n: number) => object = () => ({}),
): Promise<void> {
  const starts = Array.from({ length: Math.ceil((to - from) / 50) }, (_, n) => from + n * 50);
  const poster = async () => {
    for (let first = starts.shift(); first !== undefined; first = starts.shift()) {
      const numbers = Array.from({ length: Math.min(50, to - first) }, (_, n) => (first as number) + n);
      const notifications = numbers.map((n) => email(addressOf(run, n), { metadata: { run }, ...more(n) }));
      const { status, body } = await api.post<BatchAcceptedDto>('/v1/notifications/batch', { notifications });
      if (status !== 202 || body.rejected > 0) throw new Error(`${status} ${JSON.stringify(body)}`);
    }
  };
  await Promise.all([poster(), poster()]);
}

/** How many messages came for each address of a run. */
export function arrived({ store }: Sandbox, run: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { message } of store.newestFirst()) {
    if (message.to.startsWith(`${run}-`)) counts.set(message.to, (counts.get(message.to) ?? 0) + 1);
  }
  return counts;
}

/** Waits until messages came for this many addresses of a run. */
export async function untilArrived(
  sandbox: Sandbox,
  run: string,
  addresses: number,
  timeoutMs = 60_000,
): Promise<Map<string, number>> {
  return until(
    () => {
      const counts = arrived(sandbox, run);
      return counts.size >= addresses && counts;
    },
    { timeoutMs, what: `messages to ${addresses} addresses of ${run}` },
  ).catch((error: Error) => {
    throw new Error(`${error.message} There are ${arrived(sandbox, run).size}.`);
  });
}

/** How many deliveries of a run are in which state, straight from Postgres. */
export async function statesOf(cluster: Cluster, run: string): Promise<Record<string, number>> {
  const rows = await cluster.rows<{ state: string; count: number }>(
    `SELECT d.state, count(*)::integer AS count
     FROM notifications n JOIN deliveries d ON d.notification_id = n.id
     WHERE n.metadata @> $1 GROUP BY d.state`,
    [JSON.stringify({ run })],
  );
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

/** Waits until nothing of a run is open any more; gives how many are in which state. */
export function untilAllSettled(
  cluster: Cluster,
  run: string,
  timeoutMs = 60_000,
): Promise<Record<string, number>> {
  return until(
    async () => {
      const states = await statesOf(cluster, run);
      return !states.scheduled && !states.queued && !states.sending && states;
    },
    { timeoutMs, everyMs: 100, what: `all of ${run} to be settled` },
  );
}

/** Numbers that came more or less often than once, for a failure that can be read. */
export function notOnce(counts: ReadonlyMap<string, number>, run: string, total: number): string[] {
  const wrong: string[] = [];
  for (let n = 0; n < total; n += 1) {
    const count = counts.get(addressOf(run, n)) ?? 0;
    if (count !== 1) wrong.push(`${addressOf(run, n)}: ${count}`);
  }
  return wrong;
}
