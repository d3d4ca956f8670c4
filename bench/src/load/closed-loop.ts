import { type HttpConnection } from './http-connection';
import { LoadRecord, type LoadResult } from './load-result';

/** As fast as the server answers: each connection sends its next request when it has the answer to the last. */
export function closedLoop(
  connections: readonly HttpConnection[],
  requests: readonly Buffer[],
): Promise<LoadResult> {
  return new Promise((resolve) => {
    const record = new LoadRecord(requests.length);
    let next = 0;
    const pump = (connection: HttpConnection) => {
      const request = requests[next];
      if (!request) return;
      next += 1;
      const sentAt = performance.now();
      connection.send(request, (status) => {
        record.add(status, sentAt);
        if (record.complete) resolve(record.result());
        else pump(connection);
      });
    };
    for (const connection of connections) pump(connection);
  });
}
