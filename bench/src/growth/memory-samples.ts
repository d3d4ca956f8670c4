import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ServiceProcess } from '../processes/service-process';
import { median } from '../report/statistics';

/** Bytes of a process at one moment after another. */
export type Series = Record<string, number[]>;

/** Lowest, median and highest of one quarter of a run, in bytes. */
export interface Quarter {
  lowest: number;
  median: number;
  highest: number;
}

const EVERY_MS = 1000;
export const REDIS = 'redis';

/** Resident memory of the services and what Redis has allocated, once a second until the signal. */
export async function sampleMemory(
  services: readonly ServiceProcess[],
  redisUrl: string,
  signal: AbortSignal,
): Promise<Series> {
  const series: Series = Object.fromEntries(
    [...services.map(({ name }) => name), REDIS].map((name) => [name, []]),
  );
  while (!signal.aborted) {
    const figures = await Promise.all([
      ...services.map(async ({ name, url }) => [name, await residentBytes(url)] as const),
      redisBytes(redisUrl).then((bytes) => [REDIS, bytes] as const),
    ]);
    for (const [name, bytes] of figures) series[name]?.push(bytes);
    await sleep(EVERY_MS, undefined, { signal }).catch(() => undefined);
  }
  return series;
}

/** Cuts a series into four and says what each was like. */
export function quarters(samples: readonly number[]): Quarter[] {
  return [0, 1, 2, 3].map((n) => {
    const [from, to] = [n, n + 1].map((part) => Math.floor((part * samples.length) / 4));
    const part = samples.slice(from, to);
    return { lowest: Math.min(...part), median: median(part), highest: Math.max(...part) };
  });
}

async function residentBytes(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]);
}

/** Asks over a connection of its own: a client library would be most of the work. */
function redisBytes(redisUrl: string): Promise<number> {
  const { hostname, port } = new URL(redisUrl);
  return new Promise((resolve, reject) => {
    const socket = net.connect(Number(port), hostname, () => socket.write('INFO memory\r\n'));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      const [, bytes] = /\bused_memory:(\d+)\r/.exec(text) ?? [];
      if (bytes === undefined) return;
      socket.destroy();
      resolve(Number(bytes));
    });
    socket.on('error', reject);
  });
}
