import { type HttpConnection } from './http-connection';
import { LoadRecord, type LoadResult } from './load-result';

/**
 * At a fixed rate, whether or not the server keeps up: a request that is due and finds no free connection waits for one,
 * and its waiting counts.
 */
export function openLoop(
  connections: readonly HttpConnection[],
  requests: readonly Buffer[],
  perSecond: number,
): Promise<LoadResult> {
  return new Promise((resolve) => {
    const record = new LoadRecord(requests.length);
    const startedAt = performance.now();
    const free = [...connections];
    let next = 0;
    const dueAt = (index: number) => startedAt + (index * 1000) / perSecond;
    const send = (connection: HttpConnection, index: number) => {
      connection.send(requests[index] as Buffer, (status) => {
        record.add(status, dueAt(index));
        free.push(connection);
        if (record.complete) resolve(record.result());
        else sendDue();
      });
    };
    const sendDue = () => {
      const now = performance.now();
      while (next < requests.length && dueAt(next) <= now && free.length > 0) {
        send(free.pop() as HttpConnection, next);
        next += 1;
      }
    };
    const tick = () => {
      sendDue();
      if (next < requests.length) setTimeout(tick, 1);
    };
    tick();
  });
}
