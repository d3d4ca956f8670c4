import fs from 'node:fs';
import { print } from '../print';
import { Helper } from '../processes/helper';
import { describeMachine } from '../report/machine';
import { whole } from '../report/report';
import { textTable } from '../report/text-table';
import { connect, helperFile, startServers } from '../stage';
import { startAndUse } from '../start-and-use';
import { StopList } from '../stop-list';
import { readIsolationOptions } from './isolation-options';
import { type Isolation, measureIsolation, measureShares } from './measure-isolation';
import { type ReceiverCalls } from './receiver-process';
import { startWebhookHouse, type WebhookHouse } from './webhook-house';

export { ISOLATION_USAGE } from './isolation-options';

const SHARES = { count: 20_000, later: 2000 };

/** `npm run bench -- isolation`: how much of one tenant's flood or trouble another tenant feels. */
export async function runIsolation(args: readonly string[]): Promise<void> {
  const { json, ...options } = readIsolationOptions(args);
  // Each of the services that are started one after the other leaves a listener for our end.
  process.setMaxListeners(50);
  await startAndUse(start, async ({ servers, redisKind, receiver }) => {
    const other = `http://127.0.0.1:${receiver}/fast`;
    const cases = {
      flood: other,
      refused: 'http://127.0.0.1:1/',
      slow: `http://127.0.0.1:${receiver}/slow`,
    };
    const results: Record<string, Isolation> = {};
    for (const [name, flooded] of Object.entries(cases)) {
      const run = (house: WebhookHouse) => measureIsolation(house, { ...options, flooded, other });
      results[name] = await inHouse(name, servers, run);
      print(describe(name, results[name]));
    }
    const shares = await inHouse('shares', servers, (house) =>
      measureShares(house, { url: other, ...SHARES }),
    );
    const share = shares.later / (shares.first + shares.later);
    print(`\n${report(results)}`);
    print(
      `\nBulk against bulk: while both had work (${shares.seconds.toFixed(1)} s), ${whole(shares.first)} were sent of the ` +
        `tenant with ${whole(SHARES.count)} queued and ${whole(shares.later)} of the one that came later: ` +
        `${(2 * share).toFixed(2)} of its fair share`,
    );
    const [postgres] = await servers.root.rows<{ server_version: string }>('SHOW server_version');
    const machine = describeMachine(redisKind, postgres?.server_version ?? '');
    if (json) fs.writeFileSync(json, `${JSON.stringify({ machine, options, results, shares }, null, 2)}\n`);
  });
}

async function start(stops: StopList) {
  const { postgres, redis } = await startServers(stops);
  const root = await connect(postgres.url);
  stops.add(() => root.close());
  const receiver = Helper.start<ReceiverCalls>('receiver', helperFile('isolation/receiver-process'));
  stops.add(() => receiver.stop());
  return {
    servers: { root, postgresUrl: postgres.url, redisUrl: redis.url },
    redisKind: redis.kind,
    receiver: await receiver.call('listen', undefined),
  };
}

/** Each measurement has services and tables of its own, so that none inherits a backlog. */
async function inHouse<R>(
  name: string,
  servers: Parameters<typeof startWebhookHouse>[1],
  run: (house: WebhookHouse) => Promise<R>,
): Promise<R> {
  const stops = new StopList();
  try {
    return await run(await startWebhookHouse(name, servers, stops));
  } finally {
    await stops.run();
  }
}

const TITLES: Record<string, string> = {
  flood: "A's backlog is worked off",
  refused: "A's endpoint refuses connections",
  slow: "A's endpoint takes 10 s",
};

function describe(name: string, { idle, loaded, backlog }: Isolation): string {
  return (
    `${name}: B alone p99 ${idle.p99Ms.toFixed(1)} ms, beside A p99 ${loaded.p99Ms.toFixed(1)} ms; of A ` +
    `${whole(backlog.before)} waited, then ${whole(backlog.after)}, ${whole(backlog.sent)} were sent` +
    (idle.refused + loaded.refused > 0 ? `; of B ${idle.refused} and ${loaded.refused} were refused` : '')
  );
}

function report(results: Record<string, Isolation>): string {
  const rows = Object.entries(results).map(([name, { idle, loaded }]) => [
    TITLES[name] ?? name,
    ...[idle.p50Ms, loaded.p50Ms, idle.p99Ms, loaded.p99Ms].map((ms) => ms.toFixed(1)),
    (loaded.p99Ms / idle.p99Ms).toFixed(2),
  ]);
  const head = ['accept to sent of B, ms', 'p50 alone', 'beside A', 'p99 alone', 'beside A', 'x alone'];
  return textTable([head, ...rows]);
}
