import { newId } from '@herald/domain';
import { until, useTestRedis } from '@herald/testing';
import { Queue } from 'bullmq';
import {
  createProducerConnection,
  createWorkerConnection,
  type RedisClient,
  untilConnected,
} from './connection';
import { DeliveryQueues } from './delivery-queues';
import { LaneWorker, type LaneWorkerOptions } from './lane-worker';

const server = useTestRedis();
let producer: RedisClient;
let consumer: RedisClient;
let queues: DeliveryQueues;
const tenantId = newId(1);
const workers: LaneWorker[] = [];

beforeAll(async () => {
  producer = createProducerConnection(server);
  consumer = createWorkerConnection(server);
  await untilConnected(producer, 5000);
  queues = new DeliveryQueues(producer, server.prefix, () => undefined);
});
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close(0)));
  for (const name of ['email-default', 'email-bulk']) {
    const queue = new Queue(name, { connection: producer, prefix: server.prefix });
    await queue.obliterate({ force: true });
    await queue.close();
  }
  const lists = await producer.keys(`${server.prefix}:*:fair*`);
  if (lists.length > 0) await producer.del(lists);
});
afterAll(async () => {
  await queues.close();
  producer.disconnect();
  consumer.disconnect();
});

function start(over: Partial<LaneWorkerOptions>): LaneWorker {
  const worker = new LaneWorker({
    connection: consumer,
    prefix: server.prefix,
    channel: 'email',
    lane: 'default',
    concurrency: 5,
    process: async () => 'done',
    letIn: async () => undefined,
    onError: () => undefined,
    ...over,
  });
  workers.push(worker);
  return worker;
}

async function ring(count: number, lane: 'default' | 'bulk' = 'default'): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId(Date.now()));
  await queues.ring(ids.map((id) => ({ id, tenantId, channel: 'email', lane })));
  return ids;
}

/** Something that is waited for until the test lets it go. */
function gate() {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

describe('LaneWorker', () => {
  it('works on each ticket of its lane once, and on no others', async () => {
    let tickets = 0;
    start({
      process: async () => {
        tickets += 1;
        return 'done';
      },
    });
    await ring(170);
    await ring(3, 'bulk');
    await until(async () => {
      const { waiting, active } = await queues.figures('email', 'default');
      return waiting + active === 0;
    });
    expect(tickets).toBe(4);
    expect((await queues.figures('email', 'bulk')).waiting).toBe(1);
  });

  it('lets in the ids that a job of an older release holds, and refuses what it does not know', async () => {
    const queue = new Queue('email-default', { connection: producer, prefix: server.prefix });
    const seen: unknown[] = [];
    start({
      letIn: async (ids) => void seen.push(ids),
      process: async () => {
        seen.push('ticket');
        return 'done';
      },
    });
    await queue.add('deliver', { v: 3 });
    await queue.add('deliver', { v: 1, ids: ['a', 'b'] });
    await until(async () => seen.length === 2 && (await queue.getFailedCount()) === 1);
    expect(seen).toEqual([['a', 'b'], 'ticket']);
    await queue.close();
  });

  it('puts a ticket back that it does not want to work on any more', async () => {
    let times = 0;
    start({
      process: async () => {
        times += 1;
        return times < 3 ? 'returned' : 'done';
      },
    });
    await ring(1);
    await until(() => times === 3);
    await until(async () => {
      const { waiting, delayed, active } = await queues.figures('email', 'default');
      return waiting + delayed + active === 0;
    });
  });

  it('works on as many jobs at once as it may', async () => {
    const door = gate();
    let [running, most] = [0, 0];
    start({
      concurrency: 3,
      process: async () => {
        running += 1;
        most = Math.max(most, running);
        await door.opened;
        running -= 1;
        return 'done';
      },
    });
    await ring(250);
    await until(() => running === 3);
    expect((await queues.figures('email', 'default')).waiting).toBe(2);
    door.open();
    await until(async () => running === 0 && (await queues.figures('email', 'default')).waiting === 0);
    expect(most).toBe(3);
  });

  it('tries a job again that failed as a whole', async () => {
    let tries = 0;
    start({
      process: async () => {
        tries += 1;
        if (tries === 1) throw new Error('a fault');
        return 'done';
      },
    });
    await ring(1);
    await until(() => tries === 2, { what: 'the second try' });
    await until(async () => {
      const { waiting, delayed, active } = await queues.figures('email', 'default');
      return waiting + delayed + active === 0;
    });
  });

  it('takes nothing while its channel is paused, and goes on afterwards', async () => {
    let tickets = 0;
    const paused = { channel: 'email', lane: 'default' } as const;
    await queues.setPauses([paused], await queues.readPauses());
    start({
      process: async () => {
        tickets += 1;
        return 'done';
      },
    });
    await ring(2);
    start({ lane: 'bulk' });
    await until(async () => (await queues.figures('email', 'default')).waiting === 1);
    expect(tickets).toBe(0);
    await queues.setPauses([], await queues.readPauses());
    await until(() => tickets === 1, { what: 'the ticket after the pause' });
  });

  it('finishes what runs before it closes, and takes no more', async () => {
    const door = gate();
    let finished = 0;
    const worker = start({
      concurrency: 1,
      process: async () => {
        await door.opened;
        finished += 1;
        return 'done';
      },
    });
    expect(worker.running).toBe(true);
    await ring(60);
    await until(async () => (await queues.figures('email', 'default')).active === 1);
    const closing = worker.close(10_000);
    expect(worker.running).toBe(false);
    door.open();
    await closing;
    expect(finished).toBe(1);
    expect(await queues.figures('email', 'default')).toMatchObject({ waiting: 1, active: 0 });
  });

  it('closes at its deadline, however long a job takes', async () => {
    const door = gate();
    const worker = start({ process: () => door.opened.then(() => 'done') });
    await ring(1);
    await until(async () => (await queues.figures('email', 'default')).active === 1);
    const startedAt = performance.now();
    await worker.close(200);
    expect(performance.now() - startedAt).toBeLessThan(2000);
    // Its lock runs out, and the job is taken again by another worker.
    expect((await queues.figures('email', 'default')).active).toBe(1);
    door.open();
  });
});
