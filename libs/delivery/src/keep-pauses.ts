import { agreeOnPauses, type Database } from '@herald/db';
import { type Logger } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';
import { type DeliveryMetrics } from './metrics';

export interface PauseKeeping {
  db: Database;
  queues: DeliveryQueues;
  metrics: Pick<DeliveryMetrics, 'pausesRepaired'>;
  logger: Logger;
}

/** Makes Redis hold back what Postgres says is paused; counts and logs what it had to change. */
export async function keepPauses({ db, queues, metrics, logger }: PauseKeeping): Promise<void> {
  for (const { channel, lane, now } of await agreeOnPauses(db, queues)) {
    metrics.pausesRepaired.inc({ channel, lane, now });
    logger.warn({ channel, lane, now }, 'Redis did not hold a pause as Postgres does');
  }
}
