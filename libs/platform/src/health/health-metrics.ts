import { type Metrics } from '../metrics/metrics';
import { type Health } from './health';

/** Registers what the readiness of a process says of each part that it needs, asked anew at each scrape. */
export function healthMetrics(metrics: Metrics, health: Health): void {
  metrics.gauge({
    name: 'herald_dependency_up',
    help: 'Whether a part that this process needs to be ready answers: 1, or 0 when it does not.',
    labels: ['dependency'],
    collect: async (gauge) => {
      for (const [dependency, { ok }] of Object.entries(await health.results()))
        gauge.set({ dependency }, ok ? 1 : 0);
    },
  });
}
