import { type Database } from './database';

/** What is needed of the metrics of a process. */
interface GaugeMaker {
  gauge(options: {
    name: string;
    help: string;
    labels: readonly ['service', 'state'];
    collect(gauge: { set(labels: { service: string; state: string }, value: number): void }): void;
  }): unknown;
}

/** Connections of the database pool, for capacity planning. */
export function exposePool(metrics: GaugeMaker, service: string, db: Database): void {
  metrics.gauge({
    name: 'herald_database_connections',
    help: 'Connections of the database pool.',
    labels: ['service', 'state'],
    collect: (gauge) => {
      const { total, idle, waiting } = db.poolFigures();
      gauge.set({ service, state: 'used' }, total - idle);
      gauge.set({ service, state: 'idle' }, idle);
      gauge.set({ service, state: 'awaited' }, waiting);
    },
  });
}
