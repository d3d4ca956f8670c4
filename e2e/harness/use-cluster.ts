import { type Cluster, type ClusterOptions, startCluster } from './start-cluster';

const HOOK_MS = 120_000;
const TEST_MS = 120_000;

/** Gives the test file a cluster of its own. At the end no log may hold an error: outages are warnings. */
export function useCluster(options: ClusterOptions): Cluster {
  jest.setTimeout(TEST_MS);
  const held: { cluster?: Cluster } = {};
  beforeAll(async () => {
    held.cluster = await startCluster(options);
  }, HOOK_MS);
  afterAll(async () => {
    await held.cluster?.remove();
    expect(held.cluster?.services.flatMap((service) => service.errors())).toEqual([]);
  }, HOOK_MS);
  return new Proxy({} as Cluster, {
    get: (_target, name) => {
      if (!held.cluster)
        throw new Error('The cluster is started in beforeAll: use it in tests and hooks only');
      return held.cluster[name as keyof Cluster];
    },
  });
}
