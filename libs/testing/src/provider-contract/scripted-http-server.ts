import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Fault } from './contract';
import { listen, trackSockets } from './server-sockets';

export interface HttpReply {
  status: number;
  headers?: Record<string, string>;
  body?: string;
  /** Keeps the answer's body open for ever after `body`. */
  unfinished?: boolean;
}

export interface HttpArrival {
  method: string;
  /** Path and query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface ScriptedHttpServer {
  /** `http://127.0.0.1:<port>` */
  url: string;
  arrivals: HttpArrival[];
  reply(reply: HttpReply): void;
  fail(fault: Fault): void;
  babble(bytes: Buffer): void;
  connections(): number;
  close(): Promise<void>;
}

type Act = (response: ServerResponse) => void;

const FAULT_ACTS: Record<Fault, Act> = {
  silent: () => undefined,
  dropped: (response) => response.socket?.destroy(),
  garbage: (response) => response.socket?.end('What would you like to hear?\r\n\r\n'),
};

/** An HTTP server that answers every request, once it has all of it, as it was told last. */
export async function startScriptedHttpServer(): Promise<ScriptedHttpServer> {
  const arrivals: HttpArrival[] = [];
  let act: Act = answer({ status: 204 });
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      const { method = '', url: path = '', headers } = request;
      arrivals.push({ method, path, headers, body });
      act(response);
    });
  });
  const sockets = trackSockets(server);
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    arrivals,
    reply: (reply) => {
      act = answer(reply);
    },
    fail: (fault) => {
      act = FAULT_ACTS[fault];
    },
    babble: (bytes) => {
      act = (response) => response.socket?.end(bytes);
    },
    connections: sockets.count,
    close: () => {
      sockets.destroyAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(reply: HttpReply): Act {
  return (response) => {
    response.writeHead(reply.status, reply.headers);
    if (reply.unfinished) response.write(reply.body ?? 'and');
    else response.end(reply.body);
  };
}

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request) chunks.push(chunk as Buffer);
  } catch {
    // The client went away before the end of its request.
  }
  return Buffer.concat(chunks).toString('utf8');
}
