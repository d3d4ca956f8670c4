import { createServer, type Socket } from 'node:net';
import { listen, trackSockets } from './server-sockets';

/** The moments at which an SMTP server speaks; `message` is the reply after the final dot. */
export const SMTP_STEPS = ['greeting', 'ehlo', 'auth', 'mail', 'rcpt', 'data', 'message'] as const;
export type SmtpStep = (typeof SMTP_STEPS)[number];

/** What it does at a step: a reply (lines without the final CRLF), or what a broken one does. */
export type SmtpAct = string | { do: 'hang' | 'drop' } | { do: 'babble'; bytes: Buffer };

export interface SmtpArrival {
  from: string;
  to: string[];
  /** Headers and body as received, dots unstuffed. */
  source: string;
}

export interface ScriptedSmtpServer {
  port: number;
  arrivals: SmtpArrival[];
  /** Sets what it does at a step from now on; other steps are back to normal. */
  at(step: SmtpStep, act: SmtpAct): void;
  /** Everything is normal. */
  behave(): void;
  /** Drops the connection as soon as this many bytes of a message have come, before its end. */
  dropInMessageAfter(bytes: number): void;
  /** What EHLO announces from now on. */
  announce(...extensions: string[]): void;
  connections(): number;
  /** Sessions begun so far. */
  sessions(): number;
  /** Closes every connection. */
  disconnect(): void;
  close(): Promise<void>;
}

const NORMAL: Record<SmtpStep, string> = {
  greeting: '220 test ESMTP',
  ehlo: '250 test',
  auth: '235 2.7.0 ok',
  mail: '250 2.1.0 ok',
  rcpt: '250 2.1.5 ok',
  data: '354 go on',
  message: '250 2.0.0 queued as 4711',
};

interface Script {
  acts: Partial<Record<SmtpStep, SmtpAct>>;
  extensions: string[];
  dropAfter: number;
}

/** An SMTP server whose every reply can be scripted, for what a library's server cannot be made to do. */
export async function startScriptedSmtpServer(): Promise<ScriptedSmtpServer> {
  const arrivals: SmtpArrival[] = [];
  const script: Script = { acts: {}, extensions: ['8BITMIME'], dropAfter: Number.POSITIVE_INFINITY };
  let sessions = 0;
  const server = createServer((socket) => {
    sessions += 1;
    serve(socket, script, arrivals);
  });
  const sockets = trackSockets(server);
  const port = await listen(server);
  return {
    port,
    arrivals,
    at: (step, act) => {
      script.acts = { [step]: act };
    },
    behave: () => {
      script.acts = {};
      script.dropAfter = Number.POSITIVE_INFINITY;
    },
    dropInMessageAfter: (bytes) => {
      script.dropAfter = bytes;
    },
    announce: (...extensions) => {
      script.extensions = extensions;
    },
    connections: sockets.count,
    sessions: () => sessions,
    disconnect: sockets.destroyAll,
    close: () => {
      sockets.destroyAll();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function serve(socket: Socket, script: Script, arrivals: SmtpArrival[]): void {
  let buffer = '';
  let inMessage = false;
  let arrival: SmtpArrival = { from: '', to: [], source: '' };
  const act = (step: SmtpStep): void => perform(socket, script.acts[step] ?? normal(step, script));

  const onMessage = (): boolean => {
    if (buffer.length > script.dropAfter) socket.destroy();
    const end = buffer.startsWith('.\r\n') ? 0 : buffer.indexOf('\r\n.\r\n');
    if (end < 0 || socket.destroyed) return false;
    arrivals.push({ ...arrival, source: buffer.slice(0, end).replace(/^\.\./gm, '.') });
    buffer = buffer.slice(end === 0 ? 3 : end + 5);
    inMessage = false;
    act('message');
    return true;
  };

  const onCommand = (): boolean => {
    const end = buffer.indexOf('\r\n');
    if (end < 0) return false;
    const line = buffer.slice(0, end);
    buffer = buffer.slice(end + 2);
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === 'EHLO' || verb === 'HELO') act('ehlo');
    else if (verb === 'AUTH') act('auth');
    else if (verb === 'MAIL') {
      arrival = { from: addressIn(line), to: [], source: '' };
      act('mail');
    } else if (verb === 'RCPT') {
      arrival.to.push(addressIn(line));
      act('rcpt');
    } else if (verb === 'DATA') {
      inMessage = script.acts.data === undefined;
      act('data');
    } else if (verb === 'QUIT') socket.end('221 bye\r\n');
    else socket.write('250 ok\r\n');
    return true;
  };

  socket.setNoDelay(true);
  socket.on('data', (chunk) => {
    buffer += chunk.toString('latin1');
    while (!socket.destroyed && (inMessage ? onMessage() : onCommand()));
  });
  act('greeting');
}

function normal(step: SmtpStep, script: Script): string {
  if (step !== 'ehlo') return NORMAL[step];
  const lines = ['test', ...script.extensions];
  return lines.map((line, index) => `250${index === lines.length - 1 ? ' ' : '-'}${line}`).join('\r\n');
}

function perform(socket: Socket, act: SmtpAct): void {
  if (typeof act === 'string') socket.write(`${act}\r\n`);
  else if (act.do === 'drop') socket.destroy();
  else if (act.do === 'babble') socket.end(act.bytes);
}

function addressIn(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}
