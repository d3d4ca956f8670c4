import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';

/**
 * Gives the test file, or the `describe` it stands in, a key prefix of its own on the common Redis, to pass to
 * BullMQ as `prefix`. Its keys are deleted at the end. Tests that flush or stop Redis need `useOwnRedis`.
 */
export function useTestRedis(): { readonly url: string; readonly prefix: string } {
  const redis = { url: '', prefix: `{t${randomBytes(6).toString('hex')}}` };
  beforeAll(() => {
    const url = process.env.HERALD_TEST_REDIS_URL;
    if (!url) throw new Error('Integration tests only: name the file *.int.test.ts.');
    redis.url = url;
  });
  afterAll(() => deleteKeys(redis.url, `${redis.prefix}*`));
  return redis;
}

async function deleteKeys(url: string, pattern: string): Promise<void> {
  const client = new Redis(url);
  try {
    for await (const keys of client.scanStream({ match: pattern, count: 1_000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  } finally {
    client.disconnect();
  }
}
