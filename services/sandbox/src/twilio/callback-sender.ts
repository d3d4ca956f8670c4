import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SandboxLogger } from '../logger';

/** A callback to post, signed. It is made when it is due. */
export interface Callback {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** For the log: the status that it tells. */
  status: string;
}

export interface CallbackSenderOptions {
  logger: SandboxLogger;
  /** How many are under way at once. */
  concurrency?: number;
  /** How long to wait before each further try, in milliseconds. */
  retryDelaysMs?: readonly number[];
  timeoutMs?: number;
}

type PostOutcome = 'done' | 'retry' | 'refused';

/** Posts the callbacks of SMS providers when they are due, a bounded number at once, and tries failed ones again a few times. */
export class CallbackSender {
  private readonly due: Callback[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private readonly agents: { 'http:': HttpAgent; 'https:': HttpsAgent };
  private readonly concurrency: number;

  constructor(private readonly options: CallbackSenderOptions) {
    this.concurrency = options.concurrency ?? 32;
    const pool = { keepAlive: true, maxSockets: this.concurrency };
    this.agents = { 'http:': new HttpAgent(pool), 'https:': new HttpsAgent(pool) };
  }

  /** Calls `make` after `delayMs` and posts what it gives, if anything. Does nothing once stopped. */
  schedule(delayMs: number, make: () => Callback | undefined): void {
    if (this.ending.signal.aborted) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const callback = make();
      if (callback !== undefined) this.due.push(callback);
      this.fill();
    }, delayMs);
    this.timers.add(timer);
  }

  /** Gives up what is not yet due or not yet taken by the other side. */
  async stop(): Promise<void> {
    this.ending.abort();
    for (const timer of this.timers) clearTimeout(timer);
    this.timers.clear();
    this.due.length = 0;
    await Promise.all(this.running);
    this.agents['http:'].destroy();
    this.agents['https:'].destroy();
  }

  private fill(): void {
    while (this.running.size < this.concurrency) {
      const callback = this.due.shift();
      if (callback === undefined) return;
      const job = this.deliver(callback).finally(() => {
        this.running.delete(job);
        this.fill();
      });
      this.running.add(job);
    }
  }

  private async deliver(callback: Callback): Promise<void> {
    const waits = this.options.retryDelaysMs ?? [200, 1000, 3000];
    for (const wait of [...waits, undefined]) {
      const outcome = await this.post(callback);
      if (outcome === 'done' || this.ending.signal.aborted) return;
      if (outcome === 'refused' || wait === undefined) break;
      await sleep(wait, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
    this.options.logger.warn({ status: callback.status }, 'a status callback was not taken');
  }

  private post({ url, headers, body }: Callback): Promise<PostOutcome> {
    const target = new URL(url);
    const secure = target.protocol === 'https:';
    return new Promise((resolve) => {
      const request = (secure ? httpsRequest : httpRequest)(target, {
        method: 'POST',
        agent: secure ? this.agents['https:'] : this.agents['http:'],
        signal: this.ending.signal,
        timeout: this.options.timeoutMs ?? 5000,
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => resolve('retry'));
      request.on('response', (response) => resolve(readOutcome(response)));
      request.end(body);
    });
  }
}

/** Reads the response to its end, which frees the connection for the next callback. */
function readOutcome(response: IncomingMessage): PostOutcome {
  response.on('error', () => undefined);
  response.resume();
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return 'done';
  return status === 429 || status >= 500 ? 'retry' : 'refused';
}
