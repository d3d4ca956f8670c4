import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { until } from '@herald/testing';
import { Redis } from 'ioredis';
import { compare } from '../ledger/compare';
import { countOpen, readArrivals, readDeliveries } from '../ledger/read-deliveries';
import { Load } from '../load/load';
import { seededRandom } from '../random';
import { describeMachine } from '../report';
import { type System, startSystem } from '../system/start-system';
import { type Panel, plot } from './plot';
import { type Sample, takeSample } from './sample';
import { type Trend, trendsOf } from './trend';

const USAGE = `Usage: npm run soak -- [--minutes 60] [--rate N] [--svg FILE] [--json FILE]

Runs the whole system for a long time and looks whether anything grows: memory and handles of each process, keys and
memory of Redis, the size of tables and indexes for each delivery. Without --rate at half of what it can carry, which
is measured first. Ends with 1 when something rises, or when a notification is lost or doubled.
`;

const PANELS: readonly Panel[] = [
  { title: 'Memory of each process (RSS, MiB)', prefix: 'rss ' },
  { title: 'Open handles of each process', prefix: 'handles ' },
  { title: 'Keys in Redis', prefix: 'redis keys' },
  { title: 'Memory of Redis (MiB)', prefix: 'redis memory' },
  { title: 'Deliveries that are not finished', prefix: 'deliveries open' },
  { title: 'Size of tables for 1,000 deliveries (KiB)', prefix: 'KiB per 1,000 ' },
  { title: 'Size of indexes for 1,000 deliveries (KiB)', prefix: 'KiB of indexes per 1,000 ' },
];
const SAMPLE_MS = 5000;
const PROBE = 6000;
const QUIET_MS = 120_000;

const print = (line: string) => void process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const type = 'string' as const;
  const { values: given } = parseArgs({
    options: { minutes: { type }, rate: { type }, svg: { type }, json: { type }, help: { type: 'boolean' } },
  });
  if (given.help) {
    print(USAGE);
    return 0;
  }
  const minutes = positive('minutes', given.minutes ?? '60');
  const perSecond = given.rate === undefined ? await halfCapacity() : positive('rate', given.rate);
  const system = await startSystem({ random: seededRandom(1) });
  try {
    print(`${perSecond} notifications a second for ${minutes} minutes`);
    const { samples, ok } = await soak(system, minutes, perSecond);
    const trends = trendsOf(samples);
    print(describe(trends));
    if (given.svg) fs.writeFileSync(given.svg, plot(samples, PANELS));
    if (given.json)
      fs.writeFileSync(
        given.json,
        JSON.stringify({ minutes, perSecond, machine: describeMachine(), trends, samples }),
      );
    return ok && !trends.some(({ rising }) => rising) ? 0 : 1;
  } finally {
    await system.stop();
  }
}

/** What arrives a second when as much is posted as is taken, halved. */
async function halfCapacity(): Promise<number> {
  const system = await startSystem({ random: seededRandom(1) });
  try {
    const load = new Load(loadOf(system, PROBE, PROBE));
    const began = performance.now();
    await load.run();
    await untilSettled(system);
    const perSecond = PROBE / ((performance.now() - began) / 1000);
    print(`capacity: ${perSecond.toFixed(0)} a second`);
    return Math.round(perSecond / 2);
  } finally {
    await system.stop();
  }
}

const loadOf = (system: System, count: number, perSecond: number) => ({
  urls: system.ingestUrls,
  key: system.key,
  worldUrl: system.world.url,
  count,
  perSecond,
  random: seededRandom(1),
});

async function soak(
  system: System,
  minutes: number,
  perSecond: number,
): Promise<{ samples: Sample[]; ok: boolean }> {
  const redis = new Redis(system.redis.url);
  const samples: Sample[] = [];
  const began = performance.now();
  const load = new Load(loadOf(system, Math.round(minutes * 60 * perSecond), perSecond)).run();
  const done = load.then(() => true);
  while (!(await Promise.race([done, sleep(SAMPLE_MS, false)]))) {
    samples.push(await takeSample(system, redis, (performance.now() - began) / 1000));
  }
  redis.disconnect();
  await untilSettled(system);
  const { told, complaints } = await load;
  const { lost, unexplained, contradictions, explained } = compare(
    told,
    await readDeliveries(system.sql),
    await readArrivals(system),
  );
  const troubles = [
    ...complaints,
    ...lost,
    ...unexplained,
    ...contradictions,
    ...system.services.flatMap(({ surprises }) => surprises),
  ];
  print(
    `${told.length} accepted, ${lost.length} lost, ${unexplained.length} doubled, ${explained} doubled and explained`,
  );
  for (const trouble of troubles.slice(0, 20)) print(`  ${trouble}`);
  return { samples, ok: troubles.length === 0 };
}

async function untilSettled({ sql }: System): Promise<void> {
  await until(async () => (await countOpen(sql)) === 0, {
    timeoutMs: QUIET_MS,
    everyMs: 100,
    what: 'everything to be settled',
  });
}

function describe(trends: readonly Trend[]): string {
  return trends
    .map(
      ({ name, before, after, rising }) =>
        `${rising ? 'RISES' : 'flat '}  ${name.padEnd(44)} ${before.toFixed(1).padStart(9)} -> ${after.toFixed(1)}`,
    )
    .join('\n');
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (value > 0) return value;
  throw new Error(`--${name}: got "${text}", wants a number above 0\n\n${USAGE}`);
}

process.setMaxListeners(0);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1));

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  },
);
