import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { connect, createServer as createNetServer, type Socket } from 'node:net';
import { type Fault } from './contract';
import { type HttpReply } from './scripted-http-server';
import { listen, trackSockets } from './server-sockets';

export interface Http2Arrival {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  /** Distinguishes the connections: the first one is 0. */
  connection: number;
}

/** What is done with a request once all of it is there. */
export type Http2Act = (stream: ServerHttp2Stream) => void;

export interface ScriptedHttp2Server {
  /** `http://127.0.0.1:<port>`: HTTP/2 in clear text, with prior knowledge. */
  url: string;
  arrivals: Http2Arrival[];
  reply(reply: HttpReply): void;
  fail(fault: Fault): void;
  babble(bytes: Buffer): void;
  /** Does this with every request from now on. */
  act(act: Http2Act): void;
  /** Ends all connections at once. */
  drop(): void;
  /** Stops and starts passing on what clients send and get, as a network that swallows everything. */
  swallow(swallowing: boolean): void;
  connections(): number;
  close(): Promise<void>;
}

/** An HTTP/2 server that answers every request, once it has all of it, as it was told last. */
export async function startScriptedHttp2Server(
  options: { maxConcurrentStreams?: number } = {},
): Promise<ScriptedHttp2Server> {
  const arrivals: Http2Arrival[] = [];
  const sessions: ServerHttp2Session[] = [];
  let act: Http2Act = answer({ status: 204 });
  const inner = createServer({ settings: options });
  inner.on('session', (session) => sessions.push(session));
  inner.on('sessionError', () => undefined);
  inner.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    void readAll(stream).then((body) => {
      const connection = stream.session ? sessions.indexOf(stream.session as ServerHttp2Session) : -1;
      arrivals.push({
        method: `${headers[':method']}`,
        path: `${headers[':path']}`,
        headers,
        body,
        connection,
      });
      if (!stream.destroyed) act(stream);
    });
  });
  // Node lets nobody write onto a connection of HTTP/2: clients come by way of a plain one.
  const line = await startLine(await listen(inner));
  return {
    url: `http://127.0.0.1:${line.port}`,
    arrivals,
    reply: (reply) => {
      act = answer(reply);
    },
    fail: (fault) => {
      act = faultAct(fault, line);
    },
    babble: (bytes) => {
      act = () => line.say(bytes);
    },
    act: (next) => {
      act = next;
    },
    drop: line.drop,
    swallow: line.swallow,
    connections: line.connections,
    close: async () => {
      await line.close();
      await new Promise((resolve) => inner.close(resolve));
    },
  };
}

function faultAct(fault: Fault, line: Line): Http2Act {
  if (fault === 'silent') return () => undefined;
  if (fault === 'dropped') return () => line.drop();
  return () => line.say(Buffer.from('What would you like to hear?\r\n\r\n'));
}

interface Line {
  port: number;
  /** Ends all connections. */
  drop(): void;
  /** Writes this to all clients and closes. */
  say(bytes: Buffer): void;
  swallow(swallowing: boolean): void;
  connections(): number;
  close(): Promise<void>;
}

/** Passes connections on to a server of this machine. */
async function startLine(to: number): Promise<Line> {
  const clients = new Set<Socket>();
  let swallowing = false;
  const server = createNetServer((client) => {
    const upstream = connect(to, '127.0.0.1');
    clients.add(client);
    client.on('data', (bytes) => swallowing || upstream.write(bytes));
    upstream.on('data', (bytes) => swallowing || client.write(bytes));
    client.on('close', () => {
      clients.delete(client);
      upstream.destroy();
    });
    upstream.on('error', () => undefined);
    upstream.on('close', () => client.end());
  });
  const sockets = trackSockets(server);
  const port = await listen(server);
  return {
    port,
    drop: sockets.destroyAll,
    say: (bytes) => {
      for (const client of clients) client.end(bytes);
    },
    swallow: (now) => {
      swallowing = now;
    },
    connections: sockets.count,
    close: () => {
      sockets.destroyAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function answer(reply: HttpReply): Http2Act {
  return (stream) => {
    stream.respond({ ':status': reply.status, ...reply.headers });
    if (reply.unfinished) stream.write(reply.body ?? 'and');
    else stream.end(reply.body);
  };
}

async function readAll(stream: ServerHttp2Stream): Promise<string> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch {
    // The client went away before the end of its request.
  }
  return Buffer.concat(chunks).toString('utf8');
}
