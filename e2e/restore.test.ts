import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { until } from '@herald/testing';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { notOnce, postMany, statesOf, untilAllSettled, untilArrived } from './harness/many';
import { email, newEmail, sendOne, unique, untilState } from './harness/notifications';
import { useCluster } from './harness/use-cluster';

/** Of the backup and of the archived WAL: written by whoever Postgres runs as, too. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-backup-'));
const [backup, wal] = ['base', 'wal'].map((name) => path.join(folder, name)) as [string, string];
fs.mkdirSync(wal);
for (const each of [folder, wal]) fs.chmodSync(each, 0o777);
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

const cluster = useCluster({
  services: ['ingest-api', 'worker-email', 'scheduler'],
  postgres: {
    wal_level: 'replica',
    full_page_writes: 'on',
    archive_mode: 'on',
    archive_command: `cp %p ${wal}/%f`,
    restore_command: `cp ${wal}/%f %p`,
  },
});

async function withSession<T>(use: (sql: Client) => Promise<T>): Promise<T> {
  const sql = new Client(cluster.postgres.url);
  await sql.connect();
  return use(sql).finally(() => sql.end());
}

const copy = (from: string, to: string) => execFileSync('cp', ['-a', from, to]);

/** What pg_basebackup does, by the low-level interface: it needs no program beside the server. Gives where the data is. */
function takeBaseBackup(): Promise<string> {
  return withSession(async (sql) => {
    const { rows } = await sql.query<{ data_directory: string }>('SHOW data_directory');
    const data = rows[0]!.data_directory;
    await sql.query("SELECT pg_backup_start('e2e', fast => true)");
    copy(data, backup);
    const { rows: stopped } = await sql.query<{ labelfile: string }>(
      'SELECT labelfile FROM pg_backup_stop()',
    );
    const { uid, gid } = fs.statSync(data);
    for (const [name, text] of [
      ['backup_label', stopped[0]!.labelfile],
      ['recovery.signal', ''],
    ] as const) {
      fs.writeFileSync(path.join(backup, name), text);
      fs.chownSync(path.join(backup, name), uid, gid);
    }
    for (const name of ['postmaster.pid', 'postmaster.opts'])
      fs.rmSync(path.join(backup, name), { force: true });
    fs.rmSync(path.join(backup, 'pg_wal'), { recursive: true });
    fs.mkdirSync(path.join(backup, 'pg_wal'), { mode: 0o700 });
    fs.chownSync(path.join(backup, 'pg_wal'), uid, gid);
    return data;
  });
}

/** What was committed so far is in the archive; later WAL would be lost with the server. */
async function untilArchived(): Promise<void> {
  await withSession(async (sql) => {
    const { rows } = await sql.query<{ file: string }>('SELECT pg_walfile_name(pg_switch_wal()) AS file');
    await until(() => fs.existsSync(path.join(wal, rows[0]!.file)), {
      what: `${rows[0]!.file} to be archived`,
    });
  });
}

async function emptyRedis(): Promise<void> {
  const redis = new Redis(cluster.redis.url);
  await redis.flushall();
  redis.disconnect();
}

const setEmail = (verb: 'pause' | 'resume') => cluster.admin.post(`/v1/channels/email/${verb}`);

it('a lost server comes back from its backup and the archive, and everything is delivered once', async () => {
  const run = unique('restore');
  await postMany(cluster.api(), run, [0, 100]);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 100 });
  expect((await setEmail('pause')).status).toBe(200);
  await postMany(cluster.api(), run, [100, 200]);
  const data = await takeBaseBackup();
  await postMany(cluster.api(), run, [200, 300]);
  await untilArchived();

  await Promise.all([cluster.postgres.crash(), cluster.redis.crash()]);
  fs.rmSync(data, { recursive: true });
  copy(backup, data);
  await Promise.all([cluster.postgres.restart(), cluster.redis.restart()]);
  await emptyRedis();

  await until(async () => (await setEmail('resume')).status === 200, { timeoutMs: 30_000 });
  const counts = await untilArrived(cluster.sandbox, run, 300);
  expect(await untilAllSettled(cluster, run)).toEqual({ sent: 300 });
  expect(notOnce(counts, run, 300)).toEqual([]);
  expect(await statesOf(cluster, run)).toEqual({ sent: 300 });

  const { deliveryId } = await sendOne(cluster.api(), email(newEmail('after')));
  await untilState(cluster.api(), deliveryId, 'sent');
});
