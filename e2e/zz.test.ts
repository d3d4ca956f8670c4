import { type AcceptedNotificationDto } from '@herald/contracts';
import { until } from '@herald/testing';
import { arrived, statesOf } from './harness/many';
import { readMetrics } from './harness/metrics';
import { email, unique } from './harness/notifications';
import { useCluster } from './harness/use-cluster';
import { Redis } from 'ioredis';
const cluster = useCluster({
  services: ['ingest-api', 'ingest-api', 'worker-email', 'worker-email', 'scheduler', 'scheduler'], env: { WORKER_ATTEMPT_TIMEOUT_MS: '20000' },
});
it('x', async () => {
  const run = unique('ingest');
  const left = Array.from({ length: 500 }, (_, n) => n);
  let [done, repeated] = [0, 0];
  const t0 = Date.now();
  const client = async () => {
    for (let n = left.shift(); n !== undefined; n = left.shift()) {
      const body = email(`${run}-${n}@example.com`, { metadata: { run }, idempotencyKey: `${run}-${n}` });
      const post = (api: number) => cluster.api(api).post<AcceptedNotificationDto>('/v1/notifications', body);
      const answer = await post(n % 2).catch(() => { repeated += 1; return post(1); });
      if (answer.status !== 202) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`);
      done += 1;
    }
  };
  const c0 = process.cpuUsage(); const posting = Promise.all(Array.from({ length: 16 }, client));
  await until(() => done > 100, { everyMs: 1 });
  await cluster.service('ingest-api', 0).end('SIGKILL');
  await posting;
  console.log('posted', JSON.stringify(process.cpuUsage(c0)), Date.now() - t0, 'repeated', repeated);
  const redis = new Redis(cluster.redis.url);
  for (let i = 0; i < 1; i++) {
    await new Promise((r) => setTimeout(r, 2500));
    const m = (await readMetrics(cluster.service('scheduler', 0).client)).filter((s) => /relay_rescued|queue_jobs|oldest/.test(s.name) && s.labels.channel==='email' && s.labels.lane==='default');
    const keys = [];
    for (const q of ['wait', 'active', 'delayed', 'paused']) keys.push(q, await redis.call(q === 'delayed' ? 'zcard' : 'llen', `{herald}:email-default:${q}`));
    console.log(Date.now() - t0, arrived(cluster.sandbox, run).size, JSON.stringify(await statesOf(cluster, run)), keys.join(' '), JSON.stringify(m.map(s=>[s.name.slice(7),s.labels.state,s.value])),
     JSON.stringify(await cluster.rows(`SELECT state, reason, min(now()-due_at)::text a, max(now()-due_at)::text b, min(attempts), max(claim), count(*)::int FROM deliveries WHERE state in ('queued','sending') GROUP BY 1,2`)));
    if (arrived(cluster.sandbox, run).size === 500) break;
  }
  redis.disconnect();
  for (const s of cluster.services) console.log(s.name, s.output().slice(0, 1500));
});
