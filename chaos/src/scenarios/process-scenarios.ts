import { LEASE_MS } from '../system/settings';
import { WORKERS } from '../system/start-system';
import { type Scenario, type Stage } from './scenario';

/** Beyond the lease, so that others have taken over when it wakes. */
const FROZEN_MS = LEASE_MS + 3000;

export const PROCESS_SCENARIOS: readonly Scenario[] = [
  {
    name: 'none',
    title: 'no fault',
    faults: (stage) => stage.wait(20),
  },
  {
    name: 'kill',
    title: 'SIGKILL of every process, one after another, at random',
    faults: async (stage) => {
      for (const each of stage.processes()) {
        await stage.fault(() => each.kill());
        await stage.wait(2, 400);
      }
    },
  },
  {
    name: 'zombie',
    title: 'SIGSTOP of one worker of each kind beyond its lease, then SIGCONT; then the others',
    faults: async (stage) => {
      for (const index of [0, 1]) {
        const frozen = WORKERS.map((kind) => stage.system.ofKind(kind)[index]);
        await stage.fault(() => Promise.all(frozen.map((each) => each?.freeze(FROZEN_MS))));
        await stage.wait(3);
      }
    },
  },
  {
    name: 'restart',
    title: 'rolling restart of everything with SIGTERM',
    faults: async (stage) => {
      for (const each of stage.system.services) {
        await stage.fault(async () => {
          await each.end();
          await each.untilUp();
        });
      }
    },
  },
  {
    name: 'clock-skew',
    title: 'clocks of the processes wrong by 5 minutes, some late, some early; one of them killed',
    system: { clockSkewMs: 300_000 },
    faults: async (stage) => {
      for (const kind of WORKERS) {
        await stage.wait(4, 500);
        await stage.fault(() => killSecond(stage, kind));
      }
    },
  },
];

/** The second instance is one whose clock is wrong. */
async function killSecond({ system }: Stage, kind: string): Promise<void> {
  const second = system.ofKind(kind)[1];
  await second?.kill();
  await second?.untilUp();
}
