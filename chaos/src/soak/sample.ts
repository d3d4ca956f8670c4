import fs from 'node:fs';
import { type Redis } from 'ioredis';
import { countOpen } from '../ledger/read-deliveries';
import { type System } from '../system/start-system';

/** What is measured at one moment; each series by its name. */
export interface Sample {
  /** Seconds since the beginning. */
  at: number;
  values: Record<string, number>;
}

const MEBI = 2 ** 20;

/** Takes one sample of memory, handles, Redis and Postgres. */
export async function takeSample(system: System, redis: Redis, at: number): Promise<Sample> {
  const values: Record<string, number> = {};
  for (const each of system.services) Object.assign(values, ofProcess(each.name, each.service.child.pid));
  Object.assign(values, await ofRedis(redis), await ofPostgres(system));
  return { at, values };
}

function ofProcess(name: string, pid: number): Record<string, number> {
  return { [`rss ${name}`]: rssOf(pid), [`handles ${name}`]: fs.readdirSync(`/proc/${pid}/fd`).length };
}

/** In MiB. */
function rssOf(pid: number): number {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) / 1024;
}

async function ofRedis(redis: Redis): Promise<Record<string, number>> {
  const info = await redis.info('memory');
  const used = Number(/^used_memory:(\d+)/m.exec(info)?.[1] ?? 0);
  return { 'redis keys': await redis.dbsize(), 'redis memory': used / MEBI };
}

/** Tables grow with what was sent, so their size is given for each thousand deliveries: bloat would show. */
async function ofPostgres({ sql }: System): Promise<Record<string, number>> {
  const { rows } = await sql.query<{ name: string; heap: string; indexes: string; deliveries: string }>(
    `SELECT parent.relname AS name, sum(pg_table_size(i.inhrelid)) AS heap, sum(pg_indexes_size(i.inhrelid)) AS indexes,
       (SELECT sum(n_tup_ins) FROM pg_stat_user_tables WHERE relname LIKE 'deliveries_%') AS deliveries
     FROM pg_inherits i JOIN pg_class parent ON parent.oid = i.inhparent
     WHERE parent.relkind = 'p' GROUP BY parent.relname`,
  );
  const values: Record<string, number> = { 'deliveries open': await countOpen(sql) };
  for (const { name, heap, indexes, deliveries } of rows) {
    const thousands = Math.max(1, Number(deliveries) / 1000);
    values[`KiB per 1,000 ${name}`] = Number(heap) / 1024 / thousands;
    values[`KiB of indexes per 1,000 ${name}`] = Number(indexes) / 1024 / thousands;
  }
  return values;
}
