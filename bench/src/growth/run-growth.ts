import fs from 'node:fs';
import { print } from '../print';
import { describeMachine, type Machine } from '../report/machine';
import { startAndUse } from '../start-and-use';
import { feedRecipients, feedReport } from './feed-recipients';
import { type GrowthOptions, readGrowthOptions } from './growth-options';
import { growthReport, summariseSizes } from './growth-report';
import { type House, startHouses } from './houses';
import { measureRetention, retentionReport } from './measure-retention';
import { measureSizes } from './measure-sizes';

export { GROWTH_USAGE } from './growth-options';

/** `npm run bench -- growth`: whether Herald stays as fast as its tables grow. */
export async function runGrowth(args: readonly string[]): Promise<void> {
  const options = readGrowthOptions(args);
  await { sizes: runSizes, retention: runRetention, feed: runFeed }[options.what](options);
}

async function runSizes(options: GrowthOptions): Promise<void> {
  await startAndUse(
    (stops) => startHouses(['empty', 'filled'], options, stops),
    async ({ houses, redisKind, failed }) => {
      const sizes = summariseSizes(await Promise.race([measureSizes(houses, options), failed]));
      print(`\n${growthReport(sizes)}`);
      writeJson(options, { machine: await machineOf(houses.empty, redisKind), sizes });
    },
  );
}

async function runRetention(options: GrowthOptions): Promise<void> {
  // The measurement itself does what the scheduler would do once an hour.
  const settings = { RETENTION_DAYS: '0' };
  await startAndUse(
    (stops) => startHouses(['house'], options, stops, settings),
    async ({ houses, redisKind, failed }) => {
      const retention = await Promise.race([measureRetention(houses.house, options), failed]);
      print(`\n${retentionReport(retention)}`);
      writeJson(options, { machine: await machineOf(houses.house, redisKind), retention });
    },
  );
}

async function runFeed(options: GrowthOptions): Promise<void> {
  await startAndUse(
    (stops) => startHouses(['house'], options, stops),
    async ({ houses, redisUrl, redisKind, failed }) => {
      const feed = await Promise.race([feedRecipients(houses.house, redisUrl, options.recipients), failed]);
      print(`\n${feedReport(feed)}`);
      writeJson(options, { machine: await machineOf(houses.house, redisKind), feed });
    },
  );
}

async function machineOf({ stage }: House, redisKind: string): Promise<Machine> {
  const [postgres] = await stage.db.rows<{ server_version: string }>('SHOW server_version');
  return describeMachine(redisKind, postgres?.server_version ?? '');
}

function writeJson({ json }: GrowthOptions, figures: object): void {
  if (json) fs.writeFileSync(json, `${JSON.stringify(figures, null, 2)}\n`);
}
