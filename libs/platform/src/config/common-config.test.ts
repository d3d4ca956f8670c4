import { generateEncryptionKey } from '../crypto/encryption-keys';
import {
  CryptoConfig,
  HttpConfig,
  LogConfig,
  PostgresConfig,
  RedisConfig,
  ShutdownConfig,
} from './common-config';
import { Nested } from './env';
import { ConfigError, loadConfig } from './load-config';

describe('common config', () => {
  class ServiceConfig {
    @Nested(() => HttpConfig) http: HttpConfig;
    @Nested(() => LogConfig) log: LogConfig;
    @Nested(() => PostgresConfig) postgres: PostgresConfig;
    @Nested(() => RedisConfig) redis: RedisConfig;
    @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
    @Nested(() => CryptoConfig) crypto: CryptoConfig;
  }
  const env = {
    DATABASE_URL: 'postgres://herald:p%40ss@localhost:5432/herald',
    REDIS_URL: 'redis://localhost:6379/0',
    HERALD_ENCRYPTION_KEYS: `${generateEncryptionKey('b')},${generateEncryptionKey('a')}`,
  };

  it('has defaults for everything but the addresses and keys', () => {
    const config = loadConfig(ServiceConfig, env);
    expect(config.http).toMatchObject({ host: '0.0.0.0', port: 3000, trustProxy: [] });
    expect(config.log).toMatchObject({ level: 'info', pretty: false });
    expect(config.postgres).toMatchObject({
      poolSize: 10,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 3000,
    });
    expect(config.redis.queuePrefix).toBe('{herald}');
    expect(config.shutdown.deadlineMs).toBe(25_000);
    expect(config.crypto.encryptionKeys).toHaveLength(2);
    expect(errorsOf({}, ServiceConfig).map((error) => error.split(':')[0])).toEqual([
      'DATABASE_URL',
      'REDIS_URL',
      'HERALD_ENCRYPTION_KEYS',
    ]);
  });

  it.each([
    ['DATABASE_URL', 'mysql://x/y', 'wants a postgres:// or postgresql:// URL'],
    ['REDIS_URL', 'localhost:6379', 'wants a redis:// or rediss:// URL'],
    ['LOG_LEVEL', 'loud', 'got "loud", wants one of fatal, error, warn, info, debug, trace, silent'],
    ['PORT', '65536', 'got "65536", wants an integer from 0 to 65535'],
    ['SHUTDOWN_DEADLINE_MS', '-1', 'wants an integer of milliseconds from 0 to 600000'],
    [
      'HERALD_ENCRYPTION_KEYS',
      'a:short',
      'got a hidden value of 7 characters, wants a comma separated list of id:key',
    ],
    ['TRUST_PROXY', 'anyone', 'wants a number of hops, or a list of addresses'],
    ['REDIS_URL', 'redis://one,http://two', 'wants a redis:// or rediss:// URL'],
    ['REDIS_URL', 'redis://one,redis://two', 'has several URLs, wants one while REDIS_MODE is single'],
    ['REDIS_MODE', 'sharded', 'got "sharded", wants one of single, sentinel, cluster'],
    ['HTTP_HEADERS_TIMEOUT_MS', '31000', 'above HTTP_REQUEST_TIMEOUT_MS'],
  ])('refuses %s=%s', (name, value, message) => {
    const errors = errorsOf({ ...env, [name]: value }, ServiceConfig);
    expect(errors).toEqual([expect.stringContaining(message)]);
    expect(errors[0]).toMatch(new RegExp(`^${name}: `));
  });

  it('knows what a cluster and Sentinels want', () => {
    const urls = 'rediss://:secret@one:6379,rediss://two:6379';
    const cluster = { ...env, REDIS_MODE: 'cluster', REDIS_URL: urls };
    expect(errorsOf(cluster, ServiceConfig)).toEqual([]);
    expect(errorsOf({ ...cluster, REDIS_QUEUE_PREFIX: 'a{}{b}' }, ServiceConfig)).toEqual([
      expect.stringMatching(/^REDIS_QUEUE_PREFIX: has no text in braces, wants one such as \{herald\}/),
    ]);
    expect(errorsOf({ ...cluster, REDIS_URL: 'redis://one/1' }, ServiceConfig)).toEqual([
      expect.stringMatching(/^REDIS_URL: names a database/),
    ]);
    const sentinel = { ...env, REDIS_MODE: 'sentinel', REDIS_URL: 'redis://one/1,redis://two' };
    expect(errorsOf(sentinel, ServiceConfig)).toEqual([]);
    expect(loadConfig(ServiceConfig, sentinel).redis.sentinelName).toBe('mymaster');
  });

  it.each([
    ['DATABASE_URL', 'postgresql://localhost/herald?sslmode=require'],
    ['DATABASE_URL', 'postgres://postgres@127.0.0.1:35001/postgres'],
    ['REDIS_URL', 'rediss://:secret@redis.internal:6380'],
    ['REDIS_URL', 'redis://127.0.0.1:6379'],
    ['REDIS_URL', 'redis://:a,b@one:6379'],
    ['TRUST_PROXY', '2'],
    ['TRUST_PROXY', 'loopback, 10.0.0.0/8,fd00::1'],
  ])('accepts %s=%s', (name, value) =>
    expect(errorsOf({ ...env, [name]: value }, ServiceConfig)).toEqual([]),
  );
});

function errorsOf(env: Record<string, string>, cls: new () => object): readonly string[] {
  try {
    loadConfig(cls, env);
  } catch (error) {
    if (error instanceof ConfigError) return error.errors;
    throw error;
  }
  return [];
}
