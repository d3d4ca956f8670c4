import { type WebSocket } from 'ws';
import { type CloseCode } from './close-code';
import { type ErrorCode, type ServerMessage } from './server-message';

export interface ConnectionEvents {
  onText(text: string): void;
  /** A message that is not text, or a ping: it counts as one, and means nothing. */
  onBinary(): void;
  onPing(): void;
  /** Everything that waited has been written. */
  onDrained(): void;
  /** Once; nothing is sent or received afterwards. */
  onClosed(code: number): void;
}

export interface ConnectionLimits {
  /** Bytes that may wait for the client to read them. */
  slowBytes: number;
  pingMs: number;
}

/**
 * One WebSocket, without a timer of its own: knows whether its client reads and answers. `tick` is called about once a
 * second for each.
 */
export class Connection {
  /** When the client was found to be behind, by `performance.now`; 0 while it is not. */
  slowSince = 0;
  private closedWith = 0;
  private answered = true;
  private nextPingAt: number;

  constructor(
    private readonly ws: WebSocket,
    private readonly limits: ConnectionLimits,
    private readonly events: ConnectionEvents,
    now: number,
  ) {
    // Spread, so that the pings of clients that came together do not go out together.
    this.nextPingAt = now + limits.pingMs * (0.5 + Math.random() / 2);
    ws.on('message', (data: Buffer, isBinary: boolean) => {
      this.answered = true;
      if (this.closedWith) return;
      if (isBinary) events.onBinary();
      else events.onText(data.toString('utf8'));
    });
    ws.on('pong', this.onPong);
    ws.on('ping', events.onPing);
    ws.on('error', ignore);
    ws.on('close', (code: number) => events.onClosed(this.closedWith || code));
  }

  get isOpen(): boolean {
    return this.closedWith === 0 && this.ws.readyState === this.ws.OPEN;
  }

  /** Whether more should be sent. */
  get canTake(): boolean {
    return this.slowSince === 0 && this.isOpen;
  }

  send(message: ServerMessage): void {
    this.sendFrame(Buffer.from(JSON.stringify(message)));
  }

  /** Sends JSON that is shared with other sockets. */
  sendFrame(json: Buffer): void {
    if (!this.isOpen) return;
    this.ws.send(json, { binary: false }, this.onWritten);
    if (this.slowSince === 0 && this.ws.bufferedAmount > this.limits.slowBytes)
      this.slowSince = performance.now();
  }

  /** Says why and closes. The second call and later ones do nothing. */
  close(code: CloseCode, error: { code: ErrorCode; detail: string }): void {
    if (!this.isOpen) return;
    this.send({ type: 'error', ...error });
    this.closedWith = code;
    this.ws.close(code, error.code);
  }

  /** Ends the connection at once. */
  terminate(): void {
    this.ws.terminate();
  }

  /** Pings when it is time, and cuts the connection when the ping before was not answered. */
  tick(now: number): void {
    if (now < this.nextPingAt || !this.isOpen) return;
    this.nextPingAt = now + this.limits.pingMs;
    if (this.answered) this.ws.ping();
    else this.terminate();
    this.answered = false;
  }

  private readonly onPong = () => {
    this.answered = true;
  };

  private readonly onWritten = () => {
    if (this.slowSince === 0 || this.ws.bufferedAmount > this.limits.slowBytes / 2) return;
    this.slowSince = 0;
    if (this.isOpen) this.events.onDrained();
  };
}

/** A broken connection closes, and that is heard. */
function ignore(): void {}
