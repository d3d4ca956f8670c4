import { type Channel, type DeliveryJob, type Lane, laneQueueName } from '@herald/contracts';
import { type Job, WaitingError, Worker } from 'bullmq';
import { type RedisClient } from './connection';

export interface LaneWorkerOptions {
  connection: RedisClient;
  prefix: string;
  channel: Channel;
  lane: Lane;
  /** Tickets in hand at once. */
  concurrency: number;
  /**
   * Works on what a ticket stands for. `returned`: the ticket goes back to the queue, for another worker. Rejects only
   * when the ticket should be tried again after a while.
   */
  process(): Promise<'done' | 'returned'>;
  /** Lets in the ids that a job of an older release holds itself, before its turn as a ticket. */
  letIn(ids: readonly string[]): Promise<void>;
  onError(error: Error): void;
}

/** Takes the tickets of one lane. */
export class LaneWorker {
  private readonly worker: Worker<DeliveryJob>;

  constructor(options: LaneWorkerOptions) {
    this.worker = new Worker<DeliveryJob>(
      laneQueueName(options.channel, options.lane),
      (job, token) => work(options, job, token),
      {
        connection: options.connection,
        prefix: options.prefix,
        concurrency: options.concurrency,
        lockDuration: 30_000,
        stalledInterval: 15_000,
        // A stalled job is harmless to repeat (Postgres decides what is sent), so it is never given up for that.
        maxStalledCount: 1000,
      },
    );
    this.worker.on('error', options.onError);
  }

  /** Whether the worker is taking jobs. */
  get running(): boolean {
    return this.worker.isRunning() && !this.worker.closing;
  }

  /**
   * Takes no more jobs and waits for the running ones, at most until the deadline. What still runs then is left alone;
   * BullMQ cannot be made to hurry, since a forced `close` after this one only waits for it too.
   */
  async close(deadlineMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, deadlineMs);
    });
    await Promise.race([this.worker.close(), late]);
    clearTimeout(timer);
  }
}

async function work(options: LaneWorkerOptions, job: Job<DeliveryJob>, token?: string): Promise<void> {
  const { data } = job;
  if (data.v === 1 && Array.isArray(data.ids)) await options.letIn(data.ids);
  else if (data.v !== 2) throw new Error(`Job ${job.id} has a version that this worker does not know`);
  if ((await options.process()) === 'done') return;
  await job.moveToWait(token);
  throw new WaitingError();
}
