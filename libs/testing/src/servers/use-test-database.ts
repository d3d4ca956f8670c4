import { randomBytes } from 'node:crypto';
import { copyTemplate, dropEarlierDatabases } from './test-databases';

/** Stands for the test file: Jest loads this module anew for each. */
const FILE = randomBytes(4).toString('hex');

/**
 * Gives the test file, or the `describe` it stands in, a migrated and empty database of its own.
 *
 * Jest runs `afterAll` hooks in the order they are written: one here would drop the database before the tests
 * close their connections. So it is dropped by the next file that this worker runs, or at the end of the run.
 */
export function useTestDatabase(): { readonly url: string } {
  const database = { url: '' };
  beforeAll(async () => {
    const serverUrl = process.env.HERALD_TEST_DATABASE_URL;
    if (!serverUrl) throw new Error('Integration tests only: name the file *.int.test.ts.');
    const owner = { worker: process.env.JEST_WORKER_ID ?? '1', file: FILE };
    await dropEarlierDatabases(serverUrl, owner);
    database.url = await copyTemplate(serverUrl, owner);
  }, 60_000);
  return database;
}
