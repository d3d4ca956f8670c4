import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** Made once per run; each test database is a copy of it. */
const TEMPLATE = 'herald_template';
/** What the names of all test databases begin with. */
const PREFIX = 'herald_test_';

/** Whose a test database is: part of its name. */
export interface DatabaseOwner {
  worker: string;
  file: string;
}

/** The same server, another database. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  return url.href;
}

/** Creates a migrated database that test databases are copied from. */
export async function createTemplate(serverUrl: string): Promise<void> {
  await migratedDatabase(serverUrl, TEMPLATE);
  // A connected session would forbid copying it: autovacuum is one.
  await withClient(serverUrl, (client) =>
    client.query(`ALTER DATABASE ${TEMPLATE} WITH ALLOW_CONNECTIONS false`),
  );
}

/** Creates a database with all migrations applied, in place of one of that name; gives its URL. */
export async function migratedDatabase(serverUrl: string, name: string): Promise<string> {
  await withClient(serverUrl, async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
  });
  // Loaded here because it takes a while, and most test files never need it.
  const { migrate } = await import('@herald/db');
  await migrate(databaseUrl(serverUrl, name));
  return databaseUrl(serverUrl, name);
}

/** Creates a copy of the template; gives its URL. */
export async function copyTemplate(serverUrl: string, owner: DatabaseOwner): Promise<string> {
  const name = `${PREFIX}${owner.worker}_${owner.file}_${randomBytes(4).toString('hex')}`;
  // Copying files beats the default, which writes each page to the log: 80 ms against 170.
  await withClient(serverUrl, (client) =>
    client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} STRATEGY FILE_COPY`),
  );
  return databaseUrl(serverUrl, name);
}

/** Drops what earlier test files of the same worker left, except what somebody is still connected to. */
export async function dropEarlierDatabases(serverUrl: string, owner: DatabaseOwner): Promise<void> {
  const ofWorker = `${PREFIX}${owner.worker}_`;
  await withClient(serverUrl, async (client) => {
    const found = await client.query(
      `SELECT datname FROM pg_database d
       WHERE starts_with(datname, $1) AND NOT starts_with(datname, $2)
         AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datid = d.oid AND backend_type = 'client backend')`,
      [ofWorker, `${ofWorker}${owner.file}_`],
    );
    await dropAll(client, found.rows);
  });
}

/** Drops the template and every test database. */
export async function dropTestDatabases(serverUrl: string): Promise<void> {
  await withClient(serverUrl, async (client) => {
    const found = await client.query(
      'SELECT datname FROM pg_database WHERE starts_with(datname, $1) OR datname = $2',
      [PREFIX, TEMPLATE],
    );
    await dropAll(client, found.rows);
  });
}

async function dropAll(client: Client, found: { datname: string }[]): Promise<void> {
  for (const { datname } of found) await client.query(`DROP DATABASE ${datname} WITH (FORCE)`);
}

async function withClient(url: string, use: (client: Client) => Promise<unknown>): Promise<void> {
  const client = new Client(url);
  await client.connect();
  try {
    await use(client);
  } finally {
    await client.end();
  }
}
