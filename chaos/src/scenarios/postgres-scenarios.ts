import fs from 'node:fs';
import path from 'node:path';
import { until } from '@herald/testing';
import { Client } from 'pg';
import { canMount } from '../system/servers';
import { type Scenario, type Stage } from './scenario';

export const POSTGRES_SCENARIOS: readonly Scenario[] = [
  {
    name: 'postgres-kill',
    title: 'Postgres SIGKILLed, away for 3 s, recovers; twice',
    faults: async (stage) => {
      for (let time = 0; time < 2; time += 1) {
        await stage.wait(8);
        await stage.fault(async () => {
          await stage.system.postgres.crash();
          await stage.wait(3, 500);
          await stage.system.postgres.start();
        });
      }
    },
  },
  {
    name: 'postgres-connections',
    title: 'every connection ended and every slot of Postgres taken by others for 20 s',
    faults: async (stage) => {
      await stage.wait(5);
      await stage.fault(() => takeEveryConnection(stage));
    },
  },
  {
    name: 'postgres-stall',
    title: 'Postgres stalls for 20 s (SIGSTOP)',
    faults: async (stage) => {
      await stage.wait(5);
      await stage.fault(() => stage.system.postgres.stall(stage.ms(20, 8000)));
    },
  },
  {
    name: 'disk-full',
    title: "Postgres' disk is full for 15 s; Postgres is started again when there is room",
    system: { smallDisk: true },
    cannotRun: () => (canMount() ? undefined : 'a small disk is a mount, which takes root on Linux'),
    faults: async (stage) => {
      await stage.wait(5);
      await stage.fault(() => fillDisk(stage));
    },
  },
];

/** Ends the services' connections and takes each slot that gets free, a superuser's too, until none is left. */
async function takeEveryConnection(stage: Stage): Promise<void> {
  const taken: Client[] = [];
  const end = performance.now() + stage.ms(20, 3000);
  let fellers = 0;
  while (performance.now() < end) {
    const client = new Client({ connectionString: stage.system.postgres.url, application_name: 'chaos' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      taken.push(client);
      if (fellers < 3) {
        fellers += 1;
        await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'herald-%'`,
        );
      }
    } catch {
      await stage.wait(0.2, 50);
    }
  }
  await Promise.all(taken.map((client) => client.end().catch(() => undefined)));
}

/** Puts a ballast on the disk until nothing fits any more, and takes it away again. */
async function fillDisk(stage: Stage): Promise<void> {
  const { postgres, smallDisk } = stage.system;
  if (!smallDisk) throw new Error('Postgres has no small disk');
  const ballast = path.join(smallDisk, 'ballast');
  const handle = fs.openSync(ballast, 'w');
  const chunk = Buffer.alloc(64 * 1024);
  const end = performance.now() + stage.ms(15, 4000);
  // Postgres gets back a little space now and then: it is taken too.
  while (performance.now() < end) {
    try {
      while (fs.writeSync(handle, chunk) === chunk.length);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      await stage.wait(0.1, 50);
    }
  }
  fs.closeSync(handle);
  fs.rmSync(ballast);
  // It ends when it cannot write its log; who looks after it starts it again.
  const upAgain = async () => {
    if (!(await isUp(postgres.url))) await postgres.start();
    return true;
  };
  await until(upAgain, { timeoutMs: 60_000, everyMs: 500, what: 'Postgres to start with room on its disk' });
}

async function isUp(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}
