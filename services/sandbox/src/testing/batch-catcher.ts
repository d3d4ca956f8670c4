import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CaughtBatch {
  headers: Record<string, string>;
  body: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
  events: any[];
}

export interface BatchCatcher {
  url: string;
  batches: CaughtBatch[];
  /** The events of all batches, in the order in which they came. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
  events(): any[];
  stop(): Promise<void>;
}

/** A server that keeps the JSON lists posted to it; `answer` gives the status for the nth. */
export async function catchBatches(answer: (nth: number) => number = () => 204): Promise<BatchCatcher> {
  const batches: CaughtBatch[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', () => {
      batches.push({ headers: req.headers as Record<string, string>, body, events: JSON.parse(body) });
      res.writeHead(answer(batches.length)).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    batches,
    events: () => batches.flatMap(({ events }) => events),
    stop,
  };
}
