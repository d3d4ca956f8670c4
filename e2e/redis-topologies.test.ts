import {
  canStartRedisTopologies,
  type RedisTopology,
  startRedisCluster,
  startSentinels,
} from '@herald/testing';
import { arrived, notOnce, postMany, untilAllSettled, untilArrived } from './harness/many';
import { unique } from './harness/notifications';
import { type Cluster, startCluster } from './harness/start-cluster';

jest.setTimeout(120_000);

(canStartRedisTopologies() ? describe : describe.skip).each([
  ['a Redis Cluster', startRedisCluster],
  ['a Redis that Sentinels watch', startSentinels],
] as const)('with %s', (_name, start) => {
  let topology: RedisTopology;
  let cluster: Cluster;

  beforeAll(async () => {
    topology = await start();
    cluster = await startCluster({
      services: ['ingest-api', 'worker-email', 'scheduler'],
      env: {
        REDIS_URL: topology.url,
        REDIS_MODE: topology.mode,
        REDIS_SENTINEL_NAME: topology.sentinelName ?? '',
      },
    });
  });
  afterAll(async () => {
    await cluster?.remove();
    await topology?.remove();
    expect(cluster?.services.flatMap((service) => service.errors())).toEqual([]);
  });

  it('the primary dies in the middle of 600: all are accepted, and delivered exactly once', async () => {
    const run = unique('topology');
    const { id } = cluster.sandbox.behaviours.add({
      channel: 'email',
      match: { to: `${run}-*` },
      action: { type: 'delay', ms: 100 },
    });
    const posting = postMany(cluster.api(), run, [0, 600]);
    await untilArrived(cluster.sandbox, run, 100);
    await topology.failOver('{herald}');
    await posting;
    cluster.sandbox.behaviours.remove(id);
    await untilArrived(cluster.sandbox, run, 600);
    expect(await untilAllSettled(cluster, run)).toEqual({ sent: 600 });
    expect(notOnce(arrived(cluster.sandbox, run), run, 600)).toEqual([]);
  });
});
