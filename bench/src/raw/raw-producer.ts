import { randomUUID } from 'node:crypto';
import { type BulkJobOptions, Queue } from 'bullmq';
import { wallMs } from '../clock';
import { notification } from '../notification';
import { answerCalls } from '../processes/answer-calls';

export interface RawPlan {
  redisUrl: string;
  queue: string;
  /** Jobs in all. */
  count: number;
}

export type RawProducerCalls = {
  prepare(plan: RawPlan): Promise<void>;
  /** Adds all jobs. Gives when the first was added, in milliseconds since the epoch. */
  run(argument: undefined): Promise<{ startedAt: number }>;
  /** Removes what is left of the queue. */
  clear(argument: undefined): Promise<void>;
};

interface RawJob {
  name: string;
  data: ReturnType<typeof notification>;
  opts: BulkJobOptions;
}

const JOBS_PER_CALL = 100;
/** `addBulk` calls at once: with a single one Redis is idle while the producer prepares the next. */
const CALLS_AT_ONCE = 2;

let queue: Queue;
let calls: RawJob[][];

answerCalls<RawProducerCalls>({
  prepare: async (plan) => {
    queue = new Queue(plan.queue, { connection: { url: plan.redisUrl } });
    await queue.waitUntilReady();
    calls = [];
    for (let at = 0; at < plan.count; at += JOBS_PER_CALL) {
      const size = Math.min(JOBS_PER_CALL, plan.count - at);
      calls.push(Array.from({ length: size }, (_, index) => job(plan, at + index)));
    }
  },
  run: async () => {
    const startedAt = wallMs();
    await Promise.all(Array.from({ length: CALLS_AT_ONCE }, addUntilEmpty));
    return { startedAt };
  },
  clear: async () => {
    await queue.obliterate({ force: true });
    await queue.close();
  },
});

async function addUntilEmpty(): Promise<void> {
  for (let jobs = calls.shift(); jobs; jobs = calls.shift()) await queue.addBulk(jobs);
}

function job(plan: RawPlan, index: number): RawJob {
  return {
    name: 'deliver',
    data: notification(plan.queue, index),
    opts: {
      jobId: randomUUID(),
      attempts: 5,
      backoff: { type: 'exponential', delay: 1000 },
      removeOnComplete: true,
    },
  };
}
