import { Worker } from 'bullmq';
import { wallMs } from '../clock';
import { answerCalls } from '../processes/answer-calls';
import { type RawPlan } from './raw-producer';

export type RawWorkerCalls = {
  /** Starts taking jobs. */
  prepare(plan: RawPlan): Promise<void>;
  /** Resolves once as many jobs as planned are completed, with the time of the last in milliseconds since the epoch. */
  finished(argument: undefined): Promise<{ finishedAt: number }>;
};

const CONCURRENCY = 100;

let worker: Worker;
let finished: Promise<number>;

answerCalls<RawWorkerCalls>({
  prepare: async (plan) => {
    worker = new Worker(plan.queue, async () => undefined, {
      connection: { url: plan.redisUrl },
      concurrency: CONCURRENCY,
    });
    finished = new Promise((resolve, reject) => {
      let completed = 0;
      worker.on('error', reject);
      worker.on('failed', (_job, error) => reject(error));
      worker.on('completed', () => {
        completed += 1;
        if (completed === plan.count) resolve(wallMs());
      });
    });
    finished.catch(() => undefined);
    await worker.waitUntilReady();
  },
  finished: async () => {
    const finishedAt = await finished;
    await worker.close();
    return { finishedAt };
  },
});
