import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startEmbeddedPostgres } from '../postgres/start-embedded-postgres';
import { startEmbeddedRedis } from '../redis/start-embedded-redis';
import { removeEmbeddedData } from '../remove-embedded-data';
import { runsIn } from './process-facts';

interface Started {
  postgres: number;
  redis: number;
}

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-orphans-'));
  fs.chmodSync(folder, 0o755);
});

afterEach(async () => {
  for (const name of ['postgres', 'redis']) await removeEmbeddedData(path.join(folder, name));
  fs.rmSync(folder, { recursive: true });
});

/** Not `kill(pid, 0)`: that is true of an ended process too, as long as nobody has asked for its exit code. */
function works(name: string, pid: number): boolean {
  return runsIn(pid, fs.realpathSync(path.join(folder, name, 'data')));
}

/** A process that starts both servers and is then killed: runs the compiled package, as production does. */
async function startOwner(): Promise<{ owner: ChildProcess; pids: Started }> {
  const owner = spawn(
    process.execPath,
    [
      '-e',
      `const { startEmbeddedPostgres, startEmbeddedRedis } = require(${JSON.stringify(path.resolve(__dirname, '../..'))});
       const folder = ${JSON.stringify(folder)};
       Promise.all([
         startEmbeddedPostgres({ dataDir: folder + '/postgres', durable: false }),
         startEmbeddedRedis({ dataDir: folder + '/redis' }),
       ]).then(([postgres, redis]) => process.send({ postgres: postgres.pid, redis: redis.pid }));`,
    ],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  );
  const [pids] = (await once(owner, 'message')) as [Started];
  return { owner, pids };
}

describe('servers whose owner was killed', () => {
  it('end by themselves, and the next start on their folders works at once', async () => {
    const { owner, pids } = await startOwner();
    expect([works('postgres', pids.postgres), works('redis', pids.redis)]).toEqual([true, true]);

    owner.kill('SIGKILL');
    await once(owner, 'exit');
    const servers = await Promise.all([
      startEmbeddedPostgres({ dataDir: path.join(folder, 'postgres'), durable: false }),
      startEmbeddedRedis({ dataDir: path.join(folder, 'redis') }),
    ]);
    await Promise.all(servers.map((server) => server.stop()));
    expect([works('postgres', pids.postgres), works('redis', pids.redis)]).toEqual([false, false]);
  });

  it('are stopped by the next start when nothing told them', async () => {
    const dataDir = path.join(folder, 'redis');
    const orphan = await startEmbeddedRedis({ dataDir });
    const record = path.join(dataDir, 'server.json');
    const written = JSON.parse(fs.readFileSync(record, 'utf8'));
    fs.writeFileSync(record, JSON.stringify({ ...written, ownerPid: process.ppid }));

    const next = await startEmbeddedRedis({ dataDir });
    expect(works('redis', orphan.pid)).toBe(false);
    expect(works('redis', next.pid)).toBe(true);
    await next.stop();
  });
});
