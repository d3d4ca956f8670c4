import {
  CHANNELS,
  type Channel,
  DEAD_JOB,
  DELIVER_JOB,
  type DeliveryJob,
  deadQueueName,
  LANES,
  type Lane,
  type LaneRef,
  laneQueueName,
  MAX_IDS_PER_JOB,
} from '@herald/contracts';
import { type JobsOptions, Queue } from 'bullmq';
import { type RedisClient } from './connection';
import { FairOrder, type Payload, type Take } from './fair-order';
import { type GatesFound, gatesKey, LaneGates } from './lane-gates';

/** A delivery to ring for. */
export interface Ring {
  id: string;
  tenantId: string;
  channel: Channel;
  lane: Lane;
  /** In milliseconds; 0 or missing for at once. */
  delayMs?: number;
}

export interface LaneFigures {
  channel: Channel;
  lane: Lane;
  /** Jobs, not deliveries: a job serves about 50. */
  waiting: number;
  delayed: number;
  active: number;
  /** Deliveries that wait for a job to take them. */
  deliveries: number;
}

/**
 * A ticket that fails loses nothing: it is tried a few times, and the scheduler adds what tickets are missing and rings
 * again for what is still due. So few failed ones are kept, for people to look at.
 */
const DELIVER_OPTIONS: JobsOptions = {
  removeOnComplete: true,
  removeOnFail: { age: 86_400, count: 1000 },
  attempts: 5,
  backoff: { type: 'exponential', delay: 1000, jitter: 0.5 },
};

/** Tickets that are added at once at most. */
const MAX_TICKETS_ADDED = 1000;
const CLOSE_DEADLINE_MS = 2000;

/** Bounds the dead-letter queues: Postgres has them all, the queue only shows them in queue tools. */
const MAX_SHOWN_DEAD = 10_000;

/** Every queue of Herald, for those who put in: the APIs, the workers (retries) and the scheduler. */
export class DeliveryQueues {
  private readonly lanes = new Map<string, Queue<DeliveryJob>>();
  private readonly dead = new Map<Channel, Queue>();
  private readonly order: FairOrder;
  private readonly gates: LaneGates;

  constructor(
    private readonly connection: RedisClient,
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
    this.order = new FairOrder(connection, prefix);
    this.gates = new LaneGates(connection, prefix);
  }

  /** Lanes and dead letters, for tools that show queues. */
  all(): Queue[] {
    return [...this.lanes.values(), ...this.dead.values()];
  }

  /** Whether Redis can be talked to at this moment. */
  get available(): boolean {
    return this.connection.status === 'ready';
  }

  /** Rejects unless the server that has the queues answers. */
  async check(): Promise<void> {
    await this.connection.exists(gatesKey(this.prefix));
  }

  /**
   * Lets deliveries that are durable and `queued` in: their ids go into their tenants' lists, and tickets to work on them
   * into the queue, one for 50; a delayed one gets a delayed ticket of its own. Rejects when Redis is away; then the relay
   * will ring. When the process ends between the two, the scheduler adds the missing tickets.
   */
  async ring(rings: readonly Ring[]): Promise<void> {
    if (rings.length === 0) return;
    // BullMQ waits for a connection without limit; a producer must not.
    if (!this.available) throw redisIs(this.connection.status);
    await Promise.all([...groupByLane(rings).values()].map((group) => this.ringLane(group)));
  }

  /** What to work on next; see `FairOrder.take`. */
  take(channel: Channel, lane: Lane, budget: number, skip: readonly string[]): Promise<Take> {
    return this.order.take(channel, lane, budget, skip);
  }

  /** What was taken and not begun goes back to where it was, for whoever takes next. */
  giveBack(channel: Channel, lane: Lane, payloads: readonly Payload[]): Promise<void> {
    return this.order.giveBack(channel, lane, payloads);
  }

  /** The oldest waiting ids of each of the tenants that have any waiting. */
  heads(channel: Channel, lane: Lane, tenantIds: readonly string[]): Promise<Payload[]> {
    return this.order.heads(channel, lane, tenantIds);
  }

  /**
   * Adds the tickets that a lane lacks for what waits in it, and returns how many. Those being worked on are not counted,
   * since they may have taken all that they will; one too many finds nothing to do.
   */
  async addMissingTickets({ channel, lane, waiting, deliveries }: LaneFigures): Promise<number> {
    const missing = Math.min(MAX_TICKETS_ADDED, Math.ceil(deliveries / MAX_IDS_PER_JOB) - waiting);
    if (missing <= 0) return 0;
    await this.lane(channel, lane).addBulk(tickets(missing));
    return missing;
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

  /** How full a lane is. */
  async figures(channel: Channel, lane: Lane): Promise<LaneFigures> {
    const [counts, deliveries] = await Promise.all([
      this.lane(channel, lane).getJobCounts('wait', 'delayed', 'active'),
      this.order.count(channel, lane),
    ]);
    return {
      channel,
      lane,
      waiting: counts.wait ?? 0,
      delayed: counts.delayed ?? 0,
      active: counts.active ?? 0,
      deliveries,
    };
  }

  /** Which lanes Redis holds back. Rejects when it is away. */
  async readPauses(): Promise<GatesFound> {
    return this.gates.read();
  }

  /**
   * Holds back these lanes, everywhere, and no others. False, and nothing is changed, when somebody else has set them since
   * `found` was read. BullMQ's marks follow the gates. They only spare workers tickets that they could not serve, so one that
   * could not be set (a full Redis) is no reason to reject: `readPauses` shows it, and the next one sets it.
   */
  async setPauses(lanes: readonly LaneRef[], found: GatesFound): Promise<boolean> {
    if (!this.available) throw redisIs(this.connection.status);
    if (!(await this.gates.set(lanes, found.stamp))) return false;
    const wanted = namesOf(lanes);
    const flagged = namesOf(found.flagged);
    await Promise.allSettled(
      [...this.lanes].map(async ([name, queue]) => {
        if (wanted.has(name) && !flagged.has(name)) await queue.pause();
        if (!wanted.has(name) && flagged.has(name)) await queue.resume();
      }),
    );
    return true;
  }

  /** A queue that never reached Redis would wait for it; closing does not. */
  async close(): Promise<void> {
    const closing = this.all().map((queue) => queue.close());
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_DEADLINE_MS);
    });
    await Promise.race([Promise.allSettled(closing), late]);
    clearTimeout(timer);
  }

  /**
   * The ids have to be there when a ticket is served. Commands of a connection are carried out in their order, so both go at
   * once; but a cluster that is changing sends on one of them to another node, and the second comes first.
   */
  private async ringLane(rings: readonly Ring[]): Promise<void> {
    const { channel, lane } = rings[0] as Ring;
    const delays = rings.flatMap(({ delayMs }) => (delayMs ? [Math.ceil(delayMs)] : []));
    const now = rings.length - delays.length;
    const pushed = this.order.push(channel, lane, rings);
    if (this.connection.isCluster) await pushed;
    await Promise.all([
      pushed,
      this.lane(channel, lane).addBulk(tickets(Math.ceil(now / MAX_IDS_PER_JOB), delays)),
    ]);
  }

  private lane(channel: Channel, lane: Lane): Queue<DeliveryJob> {
    return this.lanes.get(laneQueueName(channel, lane)) as Queue<DeliveryJob>;
  }
}

/** With a code by which it counts as an outage, like an error of the socket. */
function redisIs(status: string): Error {
  return Object.assign(new Error(`Redis is ${status}`), { code: 'ENOTCONN' });
}

function namesOf(lanes: readonly LaneRef[]): ReadonlySet<string> {
  return new Set(lanes.map(({ channel, lane }) => laneQueueName(channel, lane)));
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

/** Tickets that are served at once, and one for each delay in milliseconds. */
function tickets(count: number, delays: readonly number[] = []) {
  const data: DeliveryJob = { v: 2 };
  return [
    ...Array.from({ length: count }, () => ({ name: DELIVER_JOB, data, opts: DELIVER_OPTIONS })),
    ...delays.map((delay) => ({ name: DELIVER_JOB, data, opts: { ...DELIVER_OPTIONS, delay } })),
  ];
}

function deadJobId(deliveryId: string): string {
  return `dead-${deliveryId}`;
}
