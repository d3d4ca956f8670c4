import { Redis } from 'ioredis';
import { Client } from 'pg';
import { until } from '../until';
import { useOwnPostgres, useOwnRedis } from './use-own-server';
import { useTestDatabase } from './use-test-database';
import { useTestRedis } from './use-test-redis';

async function rows(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function withRedis<T>(url: string, use: (client: Redis) => Promise<T>): Promise<T> {
  const client = new Redis(url, { retryStrategy: null, maxRetriesPerRequest: 0 });
  client.on('error', () => undefined);
  try {
    return await use(client);
  } finally {
    client.disconnect();
  }
}

describe('useTestDatabase', () => {
  const [one, other] = [useTestDatabase(), useTestDatabase()];

  it('gives migrated databases that share nothing', async () => {
    const tables = "SELECT 1 FROM information_schema.tables WHERE table_name = 'deliveries'";
    expect(await rows(one.url, tables)).toHaveLength(1);
    await rows(one.url, 'CREATE TABLE mine ()');
    await expect(rows(other.url, 'SELECT * FROM mine')).rejects.toThrow('does not exist');
  });
});

describe('useTestRedis', () => {
  const seen = { url: '', prefix: '' };

  describe('inside', () => {
    const redis = useTestRedis();

    it('gives a prefix to write under', async () => {
      Object.assign(seen, { url: redis.url, prefix: redis.prefix });
      await withRedis(redis.url, async (client) => {
        for (let n = 0; n < 3; n += 1) await client.set(`${redis.prefix}:queue:${n}`, 'x');
        await client.set(`other-${redis.prefix}`, 'x');
      });
    });
  });

  it('leaves nothing under it, and the rest alone', async () => {
    const left = await withRedis(seen.url, (client) => client.keys('*'));
    expect(left.filter((key) => key.startsWith(seen.prefix))).toEqual([]);
    expect(left).toContain(`other-${seen.prefix}`);
    await withRedis(seen.url, (client) => client.del(`other-${seen.prefix}`));
  });
});

describe('useOwnRedis', () => {
  const redis = useOwnRedis();

  it('keeps its data and its address over a restart', async () => {
    const { url } = redis;
    await withRedis(url, (client) => client.set('kept', '1'));
    await redis.stop();
    await expect(withRedis(url, (client) => client.get('kept'))).rejects.toThrow();
    await redis.restart();
    expect(redis.url).toBe(url);
    expect(await withRedis(url, (client) => client.get('kept'))).toBe('1');
  });
});

describe('useOwnPostgres', () => {
  const postgres = useOwnPostgres();

  it('keeps what was committed over a crash', async () => {
    await rows(
      postgres.url,
      'CREATE TABLE kept AS SELECT 1 AS n FROM deliveries RIGHT JOIN (SELECT) one ON true',
    );
    await postgres.crash();
    await expect(rows(postgres.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await postgres.restart();
    const kept = await until(() => rows(postgres.url, 'SELECT n FROM kept'), { what: 'Postgres' });
    expect(kept).toEqual([{ n: 1 }]);
  });
});
