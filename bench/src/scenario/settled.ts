import { setTimeout as sleep } from 'node:timers/promises';
import { wallMs } from '../clock';

const LONGEST_PAUSE_MS = 50;
const SHORTEST_PAUSE_MS = 5;
/** No progress for this long counts as lost. */
const PATIENCE_MS = 30_000;

/** How many e-mails of a lane the worker has recorded as sent since it started. */
export async function sentCount(workerUrl: string, lane = 'default'): Promise<number> {
  const response = await fetch(`${workerUrl}/metrics`);
  return parseSent(await response.text(), lane);
}

/** Reads the counter from the exposition format; 0 while it has no such line. */
export function parseSent(exposition: string, lane = 'default'): number {
  const line = exposition
    .split('\n')
    .find(
      (each) =>
        each.startsWith('herald_deliveries_settled_total{') &&
        ['channel="email"', `lane="${lane}"`, 'state="sent"'].every((label) => each.includes(label)),
    );
  return line ? Number(line.slice(line.lastIndexOf(' ') + 1)) : 0;
}

/**
 * Asks the worker until it has recorded `target` in all; gives the time of that, in milliseconds since the epoch. It asks
 * every 50 ms, and sooner when the end is nearer than that: an answer costs the worker a millisecond.
 */
export async function untilSent(
  workerUrl: string,
  before: number,
  target: number,
  lane = 'default',
): Promise<number> {
  const startedAt = wallMs();
  let progressAt = startedAt;
  let last = before;
  for (;;) {
    const sent = await sentCount(workerUrl, lane);
    const now = wallMs();
    if (sent >= target) return now;
    if (sent > last) progressAt = now;
    else if (now - progressAt > PATIENCE_MS) {
      throw new Error(`The worker stopped at ${sent - before} of ${target - before} notifications`);
    }
    last = sent;
    await sleep(pauseMs(sent - before, target - sent, now - startedAt));
  }
}

function pauseMs(done: number, left: number, elapsedMs: number): number {
  const estimate = done > 0 ? (left * elapsedMs) / done : LONGEST_PAUSE_MS;
  return Math.max(SHORTEST_PAUSE_MS, Math.min(LONGEST_PAUSE_MS, estimate));
}
