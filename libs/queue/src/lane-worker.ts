import { type Channel, type DeliveryJob, type Lane, laneQueueName } from '@herald/contracts';
import { Worker } from 'bullmq';
import { type Redis } from 'ioredis';

export interface LaneWorkerOptions {
  connection: Redis;
  prefix: string;
  channel: Channel;
  lane: Lane;
  /** Jobs worked on at once. */
  concurrency: number;
  /** Works on a job's ids; rejects only when the whole job should be tried again. */
  process(ids: readonly string[]): Promise<void>;
  onError(error: Error): void;
}

/** Takes the jobs of one lane. */
export class LaneWorker {
  private readonly worker: Worker<DeliveryJob>;

  constructor(options: LaneWorkerOptions) {
    this.worker = new Worker<DeliveryJob>(
      laneQueueName(options.channel, options.lane),
      async (job) => {
        const { v, ids } = job.data;
        if (v !== 1 || !Array.isArray(ids))
          throw new Error(`Job ${job.id} has a version that this worker does not know`);
        await options.process(ids);
      },
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
