import type { ServerResponse } from 'node:http';
import type { MessageStore } from './message-store';

export interface LiveUpdatesOptions {
  /** Least time between two events, however much arrives. */
  intervalMs?: number;
  heartbeatMs?: number;
}

/**
 * Server-sent events for the live page. An event says how much there is, not what is new: the page then reads
 * what it shows. So a page that is open during a load test costs the same few events a second as in peace.
 */
export class LiveUpdates {
  private readonly clients = new Set<ServerResponse>();
  private readonly unsubscribe: () => void;
  private readonly heartbeat: NodeJS.Timeout;
  private readonly intervalMs: number;
  private pending: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: MessageStore,
    options: LiveUpdatesOptions = {},
  ) {
    this.intervalMs = options.intervalMs ?? 250;
    this.unsubscribe = store.onChange(() => this.announce());
    this.heartbeat = setInterval(() => this.write(': still here\n\n'), options.heartbeatMs ?? 15_000);
    this.heartbeat.unref();
  }

  /** Keeps `res` open and sends it every change from now on, starting with how things are. */
  add(res: ServerResponse): void {
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    this.clients.add(res);
    res.on('close', () => this.clients.delete(res));
    res.write(this.event());
  }

  stop(): void {
    this.unsubscribe();
    clearInterval(this.heartbeat);
    clearTimeout(this.pending);
    for (const client of this.clients) client.end();
  }

  private announce(): void {
    if (this.pending !== undefined || this.clients.size === 0) return;
    this.pending = setTimeout(() => {
      this.pending = undefined;
      this.write(this.event());
    }, this.intervalMs);
  }

  private event(): string {
    const counts = this.store.counts();
    return `event: changed\ndata: ${JSON.stringify({ counts, total: this.store.size })}\n\n`;
  }

  private write(text: string): void {
    for (const client of this.clients) {
      // A client that does not read gets the next event instead: each tells the whole state.
      if (!client.writableNeedDrain) client.write(text);
    }
  }
}
