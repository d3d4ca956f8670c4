import { notification } from '../notification';
import { whole } from '../report/report';
import { textTable } from '../report/text-table';
import { createRun, type Run } from '../scenario/create-run';
import { sentCount, untilSent } from '../scenario/settled';
import { type House } from './houses';
import { type Quarter, quarters, REDIS, sampleMemory } from './memory-samples';

/** As many as a notification may have. */
const PER_REQUEST = 1000;
const AT_ONCE = 4;
const WARM_UP = 20_000;
/** The last quarter's median may be above the second's by this much. */
const FLAT = 1.1;
const MB = 1_000_000;

export interface FeedResult {
  recipients: number;
  acceptSeconds: number;
  totalSeconds: number;
  memory: Record<string, Quarter[]>;
}

/**
 * Posts a campaign to the bulk lane, 1,000 recipients per request, with a test key, and samples memory from the first
 * request until the last delivery is sent.
 */
export async function feedRecipients(
  house: House,
  redisUrl: string,
  recipients: number,
): Promise<FeedResult> {
  await feed(house, await createRun(house.stage.db, 'feed-warm-up'), WARM_UP);
  const run = await createRun(house.stage.db, 'feed');
  const done = new AbortController();
  const [seconds, series] = await Promise.all([
    feed(house, run, recipients).finally(() => done.abort()),
    sampleMemory(house.services, redisUrl, done.signal),
  ]);
  const memory = Object.fromEntries(
    Object.entries(series).map(([name, samples]) => [name, quarters(samples)]),
  );
  await verify(house, run, recipients);
  return { recipients, ...seconds, memory };
}

async function feed(
  { stage }: House,
  run: Run,
  recipients: number,
): Promise<{ acceptSeconds: number; totalSeconds: number }> {
  const before = await sentCount(stage.workerUrl, 'bulk');
  const startedAt = performance.now();
  const accepted = postAll(stage.apiPort, run, recipients);
  const sent = untilSent(stage.workerUrl, before, before + recipients, 'bulk');
  const acceptSeconds = await accepted.then(() => (performance.now() - startedAt) / 1000);
  await sent;
  return { acceptSeconds, totalSeconds: (performance.now() - startedAt) / 1000 };
}

async function postAll(port: number, run: Run, recipients: number): Promise<void> {
  let next = 0;
  const post = async () => {
    while (next < recipients) {
      const from = next;
      next += PER_REQUEST;
      const response = await fetch(`http://127.0.0.1:${port}/v1/notifications`, {
        method: 'POST',
        headers: { authorization: `Bearer ${run.apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(campaign(run, from)),
      });
      const text = await response.text();
      if (response.status !== 202) throw new Error(`The API answered ${response.status}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, post));
}

function campaign(run: Run, from: number) {
  const { to, ...rest } = notification(run.name, from);
  const addresses = Array.from({ length: PER_REQUEST }, (_, n) => `ada.${from + n}@example.com`);
  return { ...rest, priority: 'bulk', to: addresses.map((email) => ({ ...to, email })) };
}

/** @throws Error unless each recipient has one delivery, sent with one attempt */
async function verify({ stage }: House, run: Run, recipients: number): Promise<void> {
  const [row] = await stage.db.rows<{ sent: number }>(
    `SELECT count(DISTINCT address)::integer AS sent FROM deliveries
     WHERE tenant_id = $1 AND id >= $2 AND state = 'sent' AND attempts = 1`,
    [run.tenantId, run.firstId],
  );
  if (row?.sent !== recipients)
    throw new Error(`${recipients} recipients, but Postgres has ${row?.sent} sent`);
}

/** The figures for people. */
export function feedReport({ recipients, acceptSeconds, totalSeconds, memory }: FeedResult): string {
  const pace =
    `${whole(recipients)} recipients accepted in ${whole(acceptSeconds)} s, sent after ${whole(totalSeconds)} s ` +
    `(${whole(recipients / totalSeconds)}/s)`;
  const cell = ({ lowest, median, highest }: Quarter) =>
    `${(lowest / MB).toFixed(0)} / ${(median / MB).toFixed(0)} / ${(highest / MB).toFixed(0)}`;
  const rows = Object.entries(memory).map(([name, parts]) => {
    const growth = (parts[3] as Quarter).median / (parts[1] as Quarter).median;
    const flat = name === REDIS ? '' : growth <= FLAT ? 'yes' : 'no';
    return [name, ...parts.map(cell), growth.toFixed(2), flat];
  });
  const table = textTable([
    ['MB: lowest / median / highest', '1st quarter', '2nd', '3rd', '4th', '4th / 2nd', `<= ${FLAT}`],
    ...rows,
  ]);
  return `${pace}\n\n${table}`;
}
