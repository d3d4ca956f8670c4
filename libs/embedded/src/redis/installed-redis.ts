import { spawnSync } from 'node:child_process';

/** BullMQ warns about anything older. */
const OLDEST = { major: 6, minor: 2 };

/** The name of a Valkey or Redis server on the PATH that is new enough. */
export function installedRedis(): 'valkey-server' | 'redis-server' | undefined {
  return (['valkey-server', 'redis-server'] as const).find((name) => {
    const run = spawnSync(name, ['--version'], { encoding: 'utf8', windowsHide: true });
    const version = /v=(\d+)\.(\d+)/.exec(run.stdout ?? '');
    if (run.status !== 0 || !version) return false;
    const [major, minor] = [Number(version[1]), Number(version[2])];
    return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
  });
}
