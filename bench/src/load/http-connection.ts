import net from 'node:net';

/** Larger than most answers, so that one read takes one answer. */
const READ_BUFFER_BYTES = 65_536;

/**
 * A keep-alive connection with one request in flight. It writes requests that are ready to go and reads of an answer
 * only its status and its length: the load generator shares the machine with what it measures.
 */
export class HttpConnection {
  private readonly socket: net.Socket;
  private onAnswer: ((status: number, retryAfter: boolean) => void) | undefined;
  private partialHead: Buffer | undefined;
  private status = 0;
  private retryAfter = false;
  private missingBytes = 0;

  private constructor(
    target: { host: string; port: number },
    private readonly onFailure: (error: Error) => void,
  ) {
    this.socket = net.connect({
      ...target,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
        callback: (bytes, buffer) => {
          this.onData((buffer as Buffer).subarray(0, bytes));
          return true;
        },
      },
    });
    this.socket.on('error', onFailure);
    this.socket.on('close', () => onFailure(new Error('The server closed a connection')));
  }

  /** @param onFailure called when the connection breaks or the answer cannot be read; no answer comes after */
  static async connect(
    target: { host: string; port: number },
    onFailure: (error: Error) => void,
  ): Promise<HttpConnection> {
    const connection = new HttpConnection(target, onFailure);
    await new Promise<void>((resolve, reject) => {
      connection.socket.once('connect', resolve);
      connection.socket.once('error', reject);
    });
    return connection;
  }

  /** @param onAnswer called once the whole answer is read, with its status and whether it says when to come again */
  send(request: Buffer, onAnswer: (status: number, retryAfter: boolean) => void): void {
    this.onAnswer = onAnswer;
    this.socket.write(request);
  }

  close(): void {
    this.socket.removeAllListeners('close');
    this.socket.destroy();
  }

  private onData(chunk: Buffer): void {
    if (this.missingBytes > 0) this.onBody(chunk.length);
    else this.onHead(chunk);
  }

  private onHead(chunk: Buffer): void {
    const data = this.partialHead ? Buffer.concat([this.partialHead, chunk]) : chunk;
    const end = data.indexOf('\r\n\r\n');
    if (end < 0) {
      // A copy: the buffer is used again for the next read.
      this.partialHead = Buffer.from(data);
      return;
    }
    this.partialHead = undefined;
    const head = data.toString('latin1', 0, end);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head);
    if (!length) {
      this.onFailure(new Error(`An answer without a length: ${head}`));
      return;
    }
    this.status = Number(head.slice(9, 12));
    this.retryAfter = this.status >= 400 && /\r\nretry-after: */i.test(head);
    this.missingBytes = Number(length[1]);
    this.onBody(data.length - end - 4);
  }

  private onBody(bytes: number): void {
    this.missingBytes -= bytes;
    if (this.missingBytes > 0) return;
    if (this.missingBytes < 0 || !this.onAnswer) {
      this.onFailure(new Error('The server sent more than one answer'));
      return;
    }
    const { onAnswer } = this;
    this.onAnswer = undefined;
    onAnswer(this.status, this.retryAfter);
  }
}

/** A server's listen queue holds 4096 at most: a connection beyond it looks open, and loses what it sends for seconds. */
const OPENED_AT_ONCE = 500;

/** Opens so many connections; `broken` rejects as soon as one of them fails. */
export async function connectAll(
  target: { host: string; port: number },
  count: number,
): Promise<{ connections: HttpConnection[]; broken: Promise<never> }> {
  let onFailure: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_resolve, reject) => {
    onFailure = reject;
  });
  broken.catch(() => undefined);
  const connections: HttpConnection[] = [];
  while (connections.length < count) {
    const opened = Math.min(OPENED_AT_ONCE, count - connections.length);
    const opening = Array.from({ length: opened }, () => HttpConnection.connect(target, onFailure));
    connections.push(...(await Promise.all(opening)));
  }
  return { connections, broken };
}
