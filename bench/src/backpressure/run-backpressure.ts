import fs from 'node:fs';
import { type Database, migrate } from '@herald/db';
import { parseFlags, wholeNumber } from '../command-line';
import { quarters, type Series, sampleMemory } from '../growth/memory-samples';
import { print } from '../print';
import { Helper } from '../processes/helper';
import { type ServiceProcess } from '../processes/service-process';
import { describeMachine } from '../report/machine';
import { whole } from '../report/report';
import { textTable } from '../report/text-table';
import { createRun, type Run } from '../scenario/create-run';
import { sentCount, untilSent } from '../scenario/settled';
import { verifyRun } from '../scenario/verify-run';
import { connect, helperFile, startServers, startServices } from '../stage';
import { startAndUse } from '../start-and-use';
import { type StopList } from '../stop-list';
import { type OverloadResult } from './overload-loop';
import { type OverloadCalls } from './overload-process';

export const BACKPRESSURE_USAGE = `Usage: npm run bench -- backpressure [--seconds 15] [--factor 3] [--connections 8000]
                                       [--profile FOLDER] [--json FILE]

What the ingest API does with more requests than it can take: measures its capacity, posts --factor times as many for
--seconds, then half as many. Refusals must come at once and say when to come again; what was accepted must be answered
in bounded time, stay in bounded memory, and be delivered; afterwards all must be as before.
`;

/** Requests a second that no single ingest API takes. */
const FLOOD_PER_SECOND = 20_000;
const WARM_UP = 5000;
const MEBI = 2 ** 20;

interface Stage {
  db: Database;
  services: ServiceProcess[];
  redisUrl: string;
  redisKind: string;
  load: Helper<OverloadCalls>;
}

interface Phase extends OverloadResult {
  name: string;
  offered: number;
}

/** `npm run bench -- backpressure`. */
export async function runBackpressure(args: readonly string[]): Promise<void> {
  const given = parseFlags(args, { values: ['seconds', 'factor', 'connections', 'profile', 'json'] });
  const seconds = wholeNumber('seconds', given.seconds ?? '15', 1, 600);
  const factor = wholeNumber('factor', given.factor ?? '3', 2, 20);
  const connections = wholeNumber('connections', given.connections ?? '8000', 1, 10_000);
  await startAndUse(
    (stops) => start(stops, given.profile),
    async (stage) => {
      const post = poster(stage, connections);
      await post('warm-up', FLOOD_PER_SECOND, WARM_UP / FLOOD_PER_SECOND, 64);
      // Enough connections to fill every batch, and too few to wait long.
      const closed = await post('capacity', FLOOD_PER_SECOND, 6, 512);
      const capacity = closed.accepted.count / closed.seconds;
      const sampling = new AbortController();
      const memory = sampleMemory(stage.services, stage.redisUrl, sampling.signal);
      const phases = [
        await post('half of it', capacity / 2, 5),
        await post(`${factor} times as much`, capacity * factor, seconds),
        await post('half of it again', capacity / 2, 5),
      ];
      sampling.abort();
      const series = await memory;
      print(report(capacity, phases, series));
      const [postgres] = await stage.db.rows<{ server_version: string }>('SHOW server_version');
      const machine = describeMachine(stage.redisKind, postgres?.server_version ?? '');
      if (given.json)
        fs.writeFileSync(given.json, `${JSON.stringify({ machine, capacity, phases, series }, null, 2)}\n`);
    },
  );
}

/** @param profile folder for CPU profiles of the services */
async function start(stops: StopList, profile?: string): Promise<Stage> {
  const { postgres, redis } = await startServers(stops);
  await migrate(postgres.url);
  const db = await connect(postgres.url);
  stops.add(() => db.close());
  const services = await startServices({ DATABASE_URL: postgres.url, REDIS_URL: redis.url }, stops, profile);
  const load = Helper.start<OverloadCalls>('load generator', helperFile('backpressure/overload-process'));
  stops.add(() => load.stop());
  return { db, services, redisUrl: redis.url, redisKind: redis.kind, load };
}

/** Posts for some seconds and waits until all that was accepted was sent, each notification exactly once. */
function poster({ db, services, load }: Stage, connections: number) {
  const [ingest, worker] = services as [ServiceProcess, ServiceProcess];
  return async (name: string, perSecond: number, seconds: number, at = connections): Promise<Phase> => {
    const run: Run = await createRun(db, name.replaceAll(' ', '-'));
    const before = await sentCount(worker.url);
    const result = await load.call('post', {
      path: '/v1/notifications',
      host: '127.0.0.1',
      port: ingest.port,
      apiKey: run.apiKey,
      run: run.name,
      count: Math.ceil(perSecond * seconds),
      perRequest: 1,
      connections: at,
      perSecond,
    });
    await untilSent(worker.url, before, before + result.accepted.count);
    await verifyRun(db, run, result.accepted.count);
    return { name, offered: perSecond, ...result };
  };
}

function report(capacity: number, phases: readonly Phase[], series: Series): string {
  const head = [
    '',
    'offered/s',
    'accepted/s',
    'p50 ms',
    'p99 ms',
    'max ms',
    'refused/s',
    'p50 ms',
    'p99 ms',
    'not sent',
  ];
  const rows = phases.map(({ name, offered, seconds, accepted, refused, notSent }) => [
    name,
    whole(offered),
    whole(accepted.count / seconds),
    ...[accepted.p50Ms, accepted.p99Ms, accepted.maxMs].map((ms) => ms.toFixed(1)),
    whole(refused.count / seconds),
    ...[refused.p50Ms, refused.p99Ms].map((ms) => ms.toFixed(1)),
    whole(notSent),
  ]);
  const wrong = phases.flatMap(({ others }) => Object.keys(others));
  const silent = phases.reduce((sum, { withoutRetryAfter }) => sum + withoutRetryAfter, 0);
  const memory = Object.entries(series).map(([name, samples]) => [
    name,
    ...quarters(samples).map(({ highest }) => `${(highest / MEBI).toFixed(0)} MiB`),
  ]);
  return [
    `Capacity: ${whole(capacity)} single POSTs a second, with 512 connections`,
    textTable([head, ...rows]),
    `Refusals without Retry-After: ${silent}; other answers: ${wrong.length === 0 ? 'none' : wrong.join(', ')}. ` +
      'All that was accepted was sent once.',
    '',
    textTable([['highest memory, by quarter', '1st', '2nd', '3rd', '4th'], ...memory]),
  ].join('\n');
}
