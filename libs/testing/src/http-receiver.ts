import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ReceivedRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: http.IncomingHttpHeaders;
  rawBody: Buffer;
  receivedAt: Date;
}

export interface ReceiverResponse {
  /** Default 200. */
  status?: number;
  headers?: http.OutgoingHttpHeaders;
  body?: string | Buffer;
  delayMs?: number;
  /** Head and body are sent, and then nothing more: the response never ends. */
  unfinished?: boolean;
}

/** `hang` never answers; `drop` closes the connection instead of answering. */
export type ReceiverAnswer = ReceiverResponse | 'hang' | 'drop';

export type ReceiverHandler = (request: ReceivedRequest) => ReceiverAnswer | Promise<ReceiverAnswer>;

export interface HttpReceiver {
  /** Without a slash at its end. */
  url: string;
  port: number;
  /** In the order their bodies were complete. */
  requests: ReceivedRequest[];
  /** How requests are answered from now on. */
  answerWith(answer: ReceiverAnswer | ReceiverHandler): void;
  /** Ends open connections too. */
  close(): Promise<void>;
}

/** Starts an HTTP server on a free port of 127.0.0.1 that records what it gets; it answers 200 unless told. */
export async function startHttpReceiver(
  answer: ReceiverAnswer | ReceiverHandler = {},
): Promise<HttpReceiver> {
  let current = answer;
  const requests: ReceivedRequest[] = [];
  const server = http.createServer(async (incoming, response) => {
    const request = await receive(incoming).catch(() => undefined);
    // The sender went away in the middle of its request.
    if (!request) return;
    requests.push(request);
    await respond(response, typeof current === 'function' ? await current(request) : current);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    answerWith: (next) => {
      current = next;
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function receive(incoming: http.IncomingMessage): Promise<ReceivedRequest> {
  const rawBody = await buffer(incoming);
  const { method = '', url = '', headers } = incoming;
  return { method, url, headers, rawBody, receivedAt: new Date() };
}

async function respond(response: http.ServerResponse, answer: ReceiverAnswer): Promise<void> {
  if (answer === 'hang') return;
  if (answer === 'drop') {
    response.socket?.destroy();
    return;
  }
  if (answer.delayMs) await sleep(answer.delayMs, undefined, { ref: false });
  response.writeHead(answer.status ?? 200, answer.headers);
  if (answer.unfinished) {
    response.flushHeaders();
    if (answer.body) response.write(answer.body);
  } else {
    response.end(answer.body);
  }
}
