import { Metrics } from '../metrics/metrics';
import { Health } from './health';
import { healthMetrics } from './health-metrics';

it('says at each scrape which parts answer, also while the process stops', async () => {
  const clock = { now: 0 };
  const [metrics, health] = [new Metrics(), new Health(() => clock.now)];
  healthMetrics(metrics, health);
  const away = { redis: true };
  health.add('postgres', async () => undefined);
  health.add('redis', async () => {
    if (away.redis) throw new Error('away');
  });
  const lines = async () =>
    (await metrics.render()).body.split('\n').filter((line) => line.startsWith('herald'));
  expect(await lines()).toEqual([
    'herald_dependency_up{dependency="postgres"} 1',
    'herald_dependency_up{dependency="redis"} 0',
  ]);
  away.redis = false;
  clock.now = 1000;
  health.markStopping();
  expect(await lines()).toEqual([
    'herald_dependency_up{dependency="postgres"} 1',
    'herald_dependency_up{dependency="redis"} 1',
  ]);
});
