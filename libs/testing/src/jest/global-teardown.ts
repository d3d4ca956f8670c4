import fs from 'node:fs';
import { dropTestDatabases } from '../servers/test-databases';
import { currentTestRun } from './test-run';

/** Stops what the global setup started; on a server from outside, drops what the tests left. */
export default async function globalTeardown(): Promise<void> {
  const run = currentTestRun();
  if (!run) return;
  const ownPostgres = run.servers.some((server) => server.url === process.env.HERALD_TEST_DATABASE_URL);
  if (process.env.HERALD_TEST_DATABASE_URL && !ownPostgres) {
    await dropTestDatabases(process.env.HERALD_TEST_DATABASE_URL);
  }
  await Promise.all(run.servers.map((server) => server.stop()));
  fs.rmSync(run.folder, { recursive: true, force: true });
}
