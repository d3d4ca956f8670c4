import { keepPauses, type PauseKeeping } from '@herald/delivery';
import { type SchedulerMetrics } from './metrics';

export interface PauseDeps extends PauseKeeping {
  schedulerMetrics: Pick<SchedulerMetrics, 'pauseChecks'>;
}

/**
 * One look at whether Redis holds back what Postgres says is paused. It finds what a process left that ended between the
 * two, and what Redis lost while no worker asked it for work. While Redis is away there is nothing to compare with.
 */
export async function pausesTurn({ schedulerMetrics, ...keeping }: PauseDeps): Promise<void> {
  if (!keeping.queues.available) return;
  await keepPauses(keeping);
  schedulerMetrics.pauseChecks.inc();
}
