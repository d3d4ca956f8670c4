import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres, startEmbeddedRedis } from '@herald/embedded';
import { createTemplate } from '../servers/test-databases';
import globalTeardown from './global-teardown';
import { noteTestRun, type TestRun } from './test-run';

/**
 * Starts one Postgres and one Redis for all test files, unless HERALD_TEST_DATABASE_URL or HERALD_TEST_REDIS_URL
 * name a server already (one run at a time, with a user that may create databases), and migrates the template of
 * the test databases.
 */
export default async function globalSetup(): Promise<void> {
  const run: TestRun = { folder: fs.mkdtempSync(path.join(os.tmpdir(), 'herald-test-')), servers: [] };
  // Started by root, Postgres runs as another user, who must be able to enter.
  fs.chmodSync(run.folder, 0o755);
  noteTestRun(run);
  try {
    process.env.HERALD_TEST_DATABASE_URL ??= await startPostgres(run);
    process.env.HERALD_TEST_REDIS_URL ??= await startRedis(run);
    await createTemplate(process.env.HERALD_TEST_DATABASE_URL);
    // class-validator keeps its metadata here; test files of the same process must begin with none.
    delete (globalThis as { classValidatorMetadataStorage?: unknown }).classValidatorMetadataStorage;
  } catch (error) {
    await globalTeardown();
    throw error;
  }
}

async function startPostgres(run: TestRun): Promise<string> {
  const server = await startEmbeddedPostgres({ dataDir: path.join(run.folder, 'postgres'), durable: false });
  run.servers.push(server);
  return server.url;
}

async function startRedis(run: TestRun): Promise<string> {
  const server = await startEmbeddedRedis({ dataDir: path.join(run.folder, 'redis'), appendOnly: false });
  run.servers.push(server);
  return server.url;
}
