import { connect, type Socket } from 'node:net';

export interface RawAnswer {
  /** Everything that came. */
  text: string;
  /** The statuses of the answers in it, in order; 1xx included. */
  statuses: number[];
  /** Whether the server closed the connection; false when the patience ran out first. */
  closed: boolean;
}

const PATIENCE_MS = 10_000;

/** Opens a connection and writes bytes on it as they are; errors are what the test is about, not failures. */
export function openRaw(url: string, bytes: string | Buffer = ''): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true }, () => {
      if (bytes.length > 0) socket.write(bytes);
      resolve(socket);
    });
    socket.on('error', () => resolve(socket));
  });
}

/** What comes on a connection until the server closes it, or as many final answers as are waited for. */
export function untilAnswered(socket: Socket, answers = Number.POSITIVE_INFINITY): Promise<RawAnswer> {
  return new Promise((resolve) => {
    let text = '';
    const done = (closed: boolean) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ text, statuses: statusesIn(text), closed });
    };
    const timer = setTimeout(() => done(false), PATIENCE_MS);
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      text += data;
      if (statusesIn(text).filter((status) => status >= 200).length >= answers) done(false);
    });
    socket.once('end', () => done(true));
    socket.once('close', () => done(true));
  });
}

/** Sends bytes as they are and gives all that comes back. */
export async function exchangeRaw(url: string, bytes: string | Buffer, answers?: number): Promise<RawAnswer> {
  return untilAnswered(await openRaw(url, bytes), answers);
}

/** A request as text; each header is a whole line. */
export function requestText(line: string, headers: readonly string[] = [], body = ''): string {
  return [`${line}`, 'Host: herald', ...headers, '', body].join('\r\n');
}

function statusesIn(text: string): number[] {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}
