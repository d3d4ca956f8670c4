import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import type { EmbeddedServer } from '../embedded-server';
import { freePort } from '../free-port';
import { removeEmbeddedData } from '../remove-embedded-data';
import { startEmbeddedPostgres } from './start-embedded-postgres';

const folders: string[] = [];
const started: EmbeddedServer[] = [];

function newFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-postgres-'));
  // Any user may enter, so that as root the server's user reaches the data in it.
  fs.chmodSync(folder, 0o755);
  folders.push(folder);
  return folder;
}

async function start(options: Parameters<typeof startEmbeddedPostgres>[0]): Promise<EmbeddedServer> {
  const server = await startEmbeddedPostgres(options);
  started.push(server);
  return server;
}

/** The first column of the first row. */
async function query(server: EmbeddedServer, sql: string): Promise<unknown> {
  const client = new Client(server.url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    const result = await client.query({ text: sql, rowMode: 'array' });
    return result.rows[0]?.[0];
  } finally {
    await client.end();
  }
}

afterAll(async () => {
  await Promise.all(started.map((server) => server.stop()));
  for (const folder of folders) await removeEmbeddedData(folder);
});

describe('startEmbeddedPostgres', () => {
  const shared = { dataDir: '' };
  beforeAll(() => {
    shared.dataDir = path.join(newFolder(), 'postgres');
  });

  it('keeps its data over a stop in order', async () => {
    const first = await start({ dataDir: shared.dataDir });
    await query(first, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    await expect(query(first, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

    const second = await start({ dataDir: shared.dataDir, settings: { max_connections: '50' } });
    expect(await query(second, 'SELECT n FROM kept')).toBe(7);
    expect(await query(second, "SELECT current_setting('max_connections')")).toBe('50');
    await second.stop();
  });

  it('recovers what was committed before a SIGKILL, on the same port', async () => {
    const first = await start({ dataDir: shared.dataDir });
    await query(first, 'CREATE TABLE survived AS SELECT 8 AS n');
    first.kill('SIGKILL');
    await first.stop();

    const second = await start({ dataDir: shared.dataDir, port: first.port });
    expect(second.port).toBe(first.port);
    expect(await query(second, 'SELECT n FROM survived')).toBe(8);
    await second.stop();
  });

  it('is not held up by a crashed server whose process id someone else has now', async () => {
    const first = await start({ dataDir: shared.dataDir });
    const lockFile = path.join(shared.dataDir, 'data', 'postmaster.pid');
    const lock = fs.readFileSync(lockFile, 'utf8');
    await first.stop();
    fs.writeFileSync(lockFile, lock.replace(/^\d+/, String(process.ppid)));

    const second = await start({ dataDir: shared.dataDir });
    expect(await query(second, 'SELECT 1')).toBe(1);
    await second.stop();
  });

  it('refuses a folder that is in use, and says by whom', async () => {
    const running = await start({ dataDir: shared.dataDir });
    await expect(start({ dataDir: shared.dataDir })).rejects.toMatchObject({
      code: 'folder-in-use',
      message: expect.stringContaining(`process ${running.pid}`),
    });
    await expect(removeEmbeddedData(shared.dataDir)).rejects.toMatchObject({ code: 'folder-in-use' });
    expect(await query(running, 'SELECT 1')).toBe(1);
    await running.stop();
  });

  it('refuses a port that is taken', async () => {
    const port = await freePort();
    const other = net.createServer().listen(port, '127.0.0.1');
    await expect(start({ dataDir: shared.dataDir, port })).rejects.toMatchObject({ code: 'port-taken' });
    other.close();
  });

  it('shows the log when the server does not start', async () => {
    const settings = { shared_buffers: 'plenty' };
    await expect(start({ dataDir: shared.dataDir, settings })).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringContaining('"plenty"'),
    });
  });

  it('refuses data of another major version', async () => {
    const version = path.join(shared.dataDir, 'data', 'PG_VERSION');
    const made = fs.readFileSync(version, 'utf8');
    fs.writeFileSync(version, '9\n');
    await expect(start({ dataDir: shared.dataDir })).rejects.toMatchObject({
      code: 'other-version',
      message: expect.stringContaining('PostgreSQL 9'),
    });
    fs.writeFileSync(version, made);
  });

  it('works in a folder that others cannot enter, and removes all of it', async () => {
    const closed = newFolder();
    fs.chmodSync(closed, 0o700);
    const dataDir = path.join(closed, 'postgres');
    const server = await start({ dataDir, durable: false });
    expect(await query(server, "SELECT current_setting('fsync')")).toBe('off');
    const data = String(await query(server, "SELECT current_setting('data_directory')"));
    await server.stop();
    await removeEmbeddedData(dataDir);
    expect(fs.existsSync(data)).toBe(false);
    expect(fs.existsSync(dataDir)).toBe(false);
  });
});
