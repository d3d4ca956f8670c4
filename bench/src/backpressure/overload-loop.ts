import { type HttpConnection } from '../load/http-connection';
import { percentile } from '../report/statistics';

/** What came of the requests of one kind of answer. */
export interface Answers {
  count: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
}

export interface OverloadResult {
  seconds: number;
  accepted: Answers;
  /** 429 and 503. */
  refused: Answers;
  /** Refusals that did not say when to come again. */
  withoutRetryAfter: number;
  /** Any other answer, by status. */
  others: Record<string, number>;
  /** Requests that were due and not sent, since every connection waited for an answer. */
  notSent: number;
}

const TICK_MS = 1;

/**
 * Posts at a fixed rate whether or not the server keeps up, as callers do who do not know of each other. A request that
 * is due and finds no free connection is not sent: a queue of our own would be measured otherwise. Times are from the
 * writing of a request to its answer.
 */
export function overloadLoop(
  connections: readonly HttpConnection[],
  requests: readonly Buffer[],
  perSecond: number,
): Promise<OverloadResult> {
  return new Promise((resolve) => {
    const times = { accepted: [] as number[], refused: [] as number[] };
    const others: Record<string, number> = {};
    // First in, first out: the server ends connections that are never used.
    const free = [...connections];
    let nextFree = 0;
    const began = performance.now();
    let [next, underWay, notSent, withoutRetryAfter] = [0, 0, 0, 0];
    const answered = (connection: HttpConnection, sentAt: number, status: number, retryAfter: boolean) => {
      const took = performance.now() - sentAt;
      if (status === 202) times.accepted.push(took);
      else if (status === 503 || status === 429) {
        times.refused.push(took);
        if (!retryAfter) withoutRetryAfter += 1;
      } else others[status] = (others[status] ?? 0) + 1;
      underWay -= 1;
      free.push(connection);
    };
    const tick = () => {
      const due = Math.min(requests.length, ((performance.now() - began) * perSecond) / 1000);
      for (; next < due; next += 1) {
        const connection = free[nextFree];
        if (!connection) {
          notSent += 1;
          continue;
        }
        nextFree += 1;
        underWay += 1;
        const sentAt = performance.now();
        connection.send(requests[next] as Buffer, (status, retryAfter) =>
          answered(connection, sentAt, status, retryAfter),
        );
      }
      if (next < requests.length || underWay > 0) setTimeout(tick, TICK_MS);
      else {
        const seconds = (performance.now() - began) / 1000;
        const [accepted, refused] = [answersOf(times.accepted), answersOf(times.refused)];
        resolve({ seconds, accepted, refused, withoutRetryAfter, others, notSent });
      }
    };
    tick();
  });
}

function answersOf(times: readonly number[]): Answers {
  const sorted = Float64Array.from(times).sort();
  const at = (part: number) => (sorted.length === 0 ? 0 : percentile(sorted, part));
  return { count: sorted.length, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}
