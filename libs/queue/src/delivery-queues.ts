import {
  CHANNELS,
  type Channel,
  DEAD_JOB,
  DELIVER_JOB,
  type DeliveryJob,
  deadQueueName,
  LANES,
  type Lane,
  laneQueueName,
  MAX_IDS_PER_JOB,
} from '@herald/contracts';
import { type JobsOptions, Queue } from 'bullmq';
import { type Redis } from 'ioredis';

/** A delivery to ring for. */
export interface Ring {
  id: string;
  channel: Channel;
  lane: Lane;
  /** 0 or missing for now; a ring with a delay is always a job of its own. */
  delayMs?: number;
}

export interface LaneFigures {
  channel: Channel;
  lane: Lane;
  /** Jobs, not deliveries: a job carries up to 50. */
  waiting: number;
  delayed: number;
  active: number;
  /** The deliveries of the oldest waiting jobs; empty when none waits. */
  headIds: string[];
}

/**
 * A job does nothing by itself when it fails (Postgres is away): it is tried a few times, and the relay rings again
 * for what is still due. So few failed ones are kept, for people to look at.
 */
const DELIVER_OPTIONS: JobsOptions = {
  removeOnComplete: true,
  removeOnFail: { age: 86_400, count: 1000 },
  attempts: 5,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
};

/** Several, since the very oldest may hold only deliveries that were canceled meanwhile. */
const HEAD_JOBS = 5;
const CLOSE_DEADLINE_MS = 2000;

/** Bounds the dead-letter queues: Postgres has them all, the queue only shows them in queue tools. */
const MAX_SHOWN_DEAD = 10_000;

/** Every queue of Herald, for those who put in: the APIs, the workers (retries) and the scheduler. */
export class DeliveryQueues {
  private readonly lanes = new Map<string, Queue<DeliveryJob>>();
  private readonly dead = new Map<Channel, Queue>();

  constructor(
    private readonly connection: Redis,
    readonly prefix: string,
    onError: (error: Error) => void,
  ) {
    const open = (name: string) => {
      const queue = new Queue(name, {
        connection,
        prefix,
        skipVersionCheck: true,
        streams: { events: { maxLen: 100 } },
      });
      queue.on('error', onError);
      return queue;
    };
    for (const channel of CHANNELS) {
      this.dead.set(channel, open(deadQueueName(channel)));
      for (const lane of LANES)
        this.lanes.set(laneQueueName(channel, lane), open(laneQueueName(channel, lane)));
    }
  }

  /** Whether Redis can be talked to at this moment. */
  get available(): boolean {
    return this.connection.status === 'ready';
  }

  /**
   * Puts jobs in for deliveries that are durable and `queued`. Those due now are packed, up to 50 to a job; delayed ones
   * are jobs of their own. Rejects when Redis is away; then the relay will ring.
   */
  async ring(rings: readonly Ring[]): Promise<void> {
    if (rings.length === 0) return;
    // BullMQ waits for a connection without limit; a producer must not.
    if (!this.available) throw redisIs(this.connection.status);
    await Promise.all(
      [...groupByLane(rings)].map(([name, group]) => this.lanes.get(name)?.addBulk(jobsFor(group))),
    );
  }

  /** Shows dead letters in the channel's dead-letter queue. */
  async showDead(letters: readonly { id: string; channel: Channel; reason: string }[]): Promise<void> {
    await Promise.all(
      letters.map(async ({ id, channel, reason }) => {
        const queue = this.dead.get(channel) as Queue;
        if ((await queue.getWaitingCount()) >= MAX_SHOWN_DEAD) return;
        await queue.add(DEAD_JOB, { v: 1, ids: [id], reason }, { jobId: deadJobId(id) });
      }),
    );
  }

  /** Removes dead letters that were replayed or discarded from the channel's dead-letter queue. */
  async hideDead(letters: readonly { id: string; channel: Channel }[]): Promise<void> {
    await Promise.all(letters.map(({ id, channel }) => this.dead.get(channel)?.remove(deadJobId(id))));
  }

  /** How full a lane is and what stands at its head. */
  async figures(channel: Channel, lane: Lane): Promise<LaneFigures> {
    const queue = this.lane(channel, lane);
    const [counts, heads] = await Promise.all([
      queue.getJobCounts('wait', 'delayed', 'active'),
      queue.getJobs(['wait'], 0, HEAD_JOBS - 1, true),
    ]);
    return {
      channel,
      lane,
      waiting: counts.wait ?? 0,
      delayed: counts.delayed ?? 0,
      active: counts.active ?? 0,
      headIds: heads.flatMap((job) => job?.data.ids ?? []),
    };
  }

  /** Stops workers from taking jobs of a channel, everywhere, until `resume`. */
  async pause(channel: Channel): Promise<void> {
    await Promise.all(LANES.map((lane) => this.lane(channel, lane).pause()));
  }

  async resume(channel: Channel): Promise<void> {
    await Promise.all(LANES.map((lane) => this.lane(channel, lane).resume()));
  }

  async isPaused(channel: Channel): Promise<boolean> {
    return this.lane(channel, 'default').isPaused();
  }

  /** A queue that never reached Redis would wait for it; closing does not. */
  async close(): Promise<void> {
    const closing = [...this.lanes.values(), ...this.dead.values()].map((queue) => queue.close());
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_DEADLINE_MS);
    });
    await Promise.race([Promise.allSettled(closing), late]);
    clearTimeout(timer);
  }

  private lane(channel: Channel, lane: Lane): Queue<DeliveryJob> {
    return this.lanes.get(laneQueueName(channel, lane)) as Queue<DeliveryJob>;
  }
}

/** With a code by which it counts as an outage, like an error of the socket. */
function redisIs(status: string): Error {
  return Object.assign(new Error(`Redis is ${status}`), { code: 'ENOTCONN' });
}

function groupByLane(rings: readonly Ring[]): Map<string, Ring[]> {
  const groups = new Map<string, Ring[]>();
  for (const ring of rings) {
    const name = laneQueueName(ring.channel, ring.lane);
    const group = groups.get(name);
    if (group) group.push(ring);
    else groups.set(name, [ring]);
  }
  return groups;
}

function jobsFor(rings: readonly Ring[]) {
  const now = rings.filter((ring) => !ring.delayMs).map((ring) => ring.id);
  const jobs: { name: string; data: DeliveryJob; opts: JobsOptions }[] = [];
  for (let at = 0; at < now.length; at += MAX_IDS_PER_JOB) {
    jobs.push({
      name: DELIVER_JOB,
      data: { v: 1, ids: now.slice(at, at + MAX_IDS_PER_JOB) },
      opts: DELIVER_OPTIONS,
    });
  }
  for (const ring of rings) {
    if (ring.delayMs) {
      jobs.push({
        name: DELIVER_JOB,
        data: { v: 1, ids: [ring.id] },
        opts: { ...DELIVER_OPTIONS, delay: Math.ceil(ring.delayMs) },
      });
    }
  }
  return jobs;
}

function deadJobId(deliveryId: string): string {
  return `dead-${deliveryId}`;
}
