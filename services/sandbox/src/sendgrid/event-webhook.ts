import { setTimeout as sleep } from 'node:timers/promises';
import { isObject } from '../behaviours/field-reader';
import type { SandboxLogger } from '../logger';
import type { EventSigner } from './event-signer';

/** An event as it is posted. */
export type SendgridEvent = Record<string, unknown> & { event: string };

/** Where events are posted, as SendGrid keeps it for an account. A kind of event set to `false` is not posted. */
export interface EventWebhookSettings {
  enabled: boolean;
  url: string;
  [kind: string]: unknown;
}

export interface EventWebhookOptions {
  signer: EventSigner;
  logger: SandboxLogger;
  /** How long events gather before they are posted together, in milliseconds. */
  gatherMs?: number;
  /** How long to wait before each further try, in milliseconds. */
  retryDelaysMs?: readonly number[];
  timeoutMs?: number;
}

const MAX_BATCH = 500;

/** Posts events in signed batches to the URL of the account, and tries a batch that was not taken again a few times. */
export class EventWebhook {
  private current: EventWebhookSettings = { enabled: false, url: '' };
  private readonly due: SendgridEvent[] = [];
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly running = new Set<Promise<void>>();
  private readonly ending = new AbortController();
  private gathering = false;

  constructor(private readonly options: EventWebhookOptions) {}

  get settings(): EventWebhookSettings {
    return { ...this.current };
  }

  get publicKey(): string {
    return this.options.signer.publicKey;
  }

  /** Changes the settings that are given; false, changing nothing, for settings without sense. */
  configure(changes: unknown): boolean {
    if (!isObject(changes)) return false;
    const next = { ...this.current, ...changes };
    const hasUrl = typeof next.url === 'string' && /^https?:\/\//.test(next.url) && URL.canParse(next.url);
    if (typeof next.enabled !== 'boolean' || (next.enabled && !hasUrl)) return false;
    this.current = next;
    return true;
  }

  /** Calls `make` after `delayMs` and has what it gives, if anything, posted with its batch. Does nothing once stopped. */
  schedule(delayMs: number, make: () => SendgridEvent | undefined): void {
    if (this.ending.signal.aborted) return;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      const event = make();
      if (event !== undefined) this.add(event);
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
  }

  private add(event: SendgridEvent): void {
    const { enabled, [event.event]: wanted } = this.current;
    if (!enabled || wanted === false) return;
    this.due.push(event);
    if (this.gathering) return;
    this.gathering = true;
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      this.gathering = false;
      this.flush();
    }, this.options.gatherMs ?? 25);
    this.timers.add(timer);
  }

  private flush(): void {
    while (this.due.length > 0) {
      const batch = this.due.splice(0, MAX_BATCH);
      const job = this.deliver(batch).finally(() => this.running.delete(job));
      this.running.add(job);
    }
  }

  private async deliver(batch: SendgridEvent[]): Promise<void> {
    const { url } = this.current;
    const body = JSON.stringify(batch);
    const { signal } = this.ending;
    for (const wait of [...(this.options.retryDelaysMs ?? [200, 1000, 3000]), undefined]) {
      if ((await this.post(url, body)) || signal.aborted) return;
      if (wait === undefined) break;
      await sleep(wait, undefined, { signal }).catch(() => undefined);
    }
    this.options.logger.warn({ events: batch.length }, 'a batch of events was not taken');
  }

  /** Whether it was taken: SendGrid repeats a batch after anything but 2xx. */
  private async post(url: string, body: string): Promise<boolean> {
    const timeout = AbortSignal.timeout(this.options.timeoutMs ?? 5000);
    try {
      const response = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'user-agent': 'SendGrid Event API',
          ...this.options.signer.headers(body, Date.now()),
        },
        body,
        signal: AbortSignal.any([this.ending.signal, timeout]),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}
