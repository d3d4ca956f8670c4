import { type Herald, type HeraldOptions, startHerald } from './start-herald';

/** Seconds instead of minutes for all that a test has to wait for. */
export const SHORT_TIMES = {
  RETRY_BASE_MS: '60',
  RETRY_CAP_MS: '200',
  RETRY_MAX_ATTEMPTS: '4',
  RELAY_EVERY_MS: '1500',
  RELAY_GRACE_MS: '1500',
  PROMOTE_EVERY_MS: '500',
  WORKER_ATTEMPT_TIMEOUT_MS: '3000',
  WORKER_PROVIDER_CACHE_MS: '100',
};

const HOOK_MS = 120_000;
const TEST_MS = 90_000;

/**
 * Gives the test file a Herald of its own, with short times. At the end its log must hold no error: an error means that
 * someone must act, and nothing that a caller or a provider does is that.
 */
export function useHerald({ env = {} }: HeraldOptions = {}): Herald {
  jest.setTimeout(TEST_MS);
  const held: { herald?: Herald } = {};
  beforeAll(async () => {
    held.herald = await startHerald({ env: { ...SHORT_TIMES, ...env } });
  }, HOOK_MS);
  afterAll(async () => {
    const { herald } = held;
    await herald?.remove();
    expect(herald?.errors()).toEqual([]);
  }, HOOK_MS);
  return new Proxy({} as Herald, {
    get: (_target, name) => {
      if (!held.herald) throw new Error('Herald is started in beforeAll: use it in tests and hooks only');
      return held.herald[name as keyof Herald];
    },
  });
}
