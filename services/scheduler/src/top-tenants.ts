import { type Database, topTenants } from '@herald/db';
import { type Metrics } from '@herald/platform';

/** Of the tenants that stand out. Their ids are labels, of which there are at most twice `limit` at a time. */
export function topTenantMetrics(metrics: Metrics) {
  return {
    deliveries: metrics.gauge({
      name: 'herald_top_tenant_deliveries',
      help: 'Deliveries accepted in the last five minutes, of the tenants with the most deliveries or failures.',
      labels: ['tenant'],
    }),
    failures: metrics.gauge({
      name: 'herald_top_tenant_failures',
      help: 'Of those deliveries, how many failed, became dead letters, or were not delivered by their receipt.',
      labels: ['tenant'],
    }),
  };
}

export interface TopTenantsDeps {
  db: Database;
  /** How many by each of the two figures. */
  limit: number;
  metrics: ReturnType<typeof topTenantMetrics>;
  now(): number;
}

const WINDOW_MS = 300_000;

/** Shows the tenants that stand out now; those that stood out before are not shown any more. */
export async function topTenantsTurn({ db, limit, metrics, now }: TopTenantsDeps): Promise<void> {
  const to = now();
  const tenants = await topTenants(db, { from: to - WINDOW_MS, to }, limit);
  metrics.deliveries.reset();
  metrics.failures.reset();
  for (const { tenantId: tenant, deliveries, failures } of tenants) {
    metrics.deliveries.set({ tenant }, deliveries);
    metrics.failures.set({ tenant }, failures);
  }
}
