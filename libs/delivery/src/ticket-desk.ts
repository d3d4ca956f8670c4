import { MAX_IDS_PER_JOB } from '@herald/contracts';
import { type FairSlots } from '@herald/platform';
import { type Payload, type Take } from '@herald/queue';

export interface TicketDeskOptions {
  slots: Pick<FairSlots, 'hasRoom' | 'full'>;
  /** Takes about `budget` ids in fair order, passing over the tenants in `skip`. */
  take(budget: number, skip: readonly string[]): Promise<Take>;
  /** Works on what was taken, to the end. `given back`: it could not be begun and waits in the queue again. */
  begin(payloads: readonly Payload[]): Promise<'done' | 'given back'>;
}

interface Ticket {
  /** In the order of coming. */
  number: number;
  served: number;
  /** Takes under way. */
  working: number;
  /** Set once the ticket takes nothing more. */
  result?: 'done' | 'returned';
  resolve(result: 'done' | 'returned'): void;
  reject(error: unknown): void;
}

/** While only tenants at their limit have work, this long until the next look for others. */
const LOOK_AGAIN_MS = 5;
const LOOK_WHILE_PAUSED_MS = 250;
/** After work had to be given back. */
const HOLD_OFF_MS = 1000;

/**
 * Where the tickets of a lane are served: one take after the other, each for the first ticket. A ticket is done when it
 * has served 50 deliveries or the lane was found empty after it came, so there are always tickets for what waits.
 */
export class TicketDesk {
  private readonly tickets: Ticket[] = [];
  private last = 0;
  private busy = false;
  private closed = false;
  private wakeUp: () => void = () => undefined;
  /** Tenants at their limit when nothing but their work was left, and when that was. */
  private barren: { tenants: readonly string[]; at: number } | undefined;
  private heldUntil = 0;

  constructor(private readonly options: TicketDeskOptions) {}

  /** Serves a ticket; resolves when all that it took is finished. */
  serve(): Promise<'done' | 'returned'> {
    return new Promise((resolve, reject) =>
      this.enter({ number: 0, served: 0, working: 0, resolve, reject }),
    );
  }

  /** There may be room for more. */
  wake(): void {
    this.wakeUp();
  }

  /** Takes nothing more: tickets in hand are returned once what they took is finished. */
  close(): void {
    this.closed = true;
    this.end(this.last, 'returned');
    this.wake();
  }

  private async run(): Promise<void> {
    this.busy = true;
    try {
      while (this.tickets.length > 0) {
        const skip = this.options.slots.full();
        const pause = this.pauseMs(skip);
        if (pause > 0) await this.sleep(pause);
        else await this.takeOnce(this.tickets[0] as Ticket, skip);
      }
    } catch (error) {
      // Redis is away: every ticket would find the same.
      for (const ticket of this.tickets.splice(0)) ticket.reject(error);
    } finally {
      this.busy = false;
    }
  }

  /** How long to wait at most before the next take; being woken ends it sooner. */
  private pauseMs(skip: readonly string[]): number {
    const now = performance.now();
    if (now < this.heldUntil) return this.heldUntil - now;
    if (!this.options.slots.hasRoom) return Number.POSITIVE_INFINITY;
    // Whoever is below the limit again may have work.
    if (!this.barren?.tenants.every((tenant) => skip.includes(tenant))) return 0;
    return Math.max(0, this.barren.at + LOOK_AGAIN_MS - now);
  }

  private enter(ticket: Ticket): void {
    ticket.number = this.last += 1;
    this.tickets.push(ticket);
    if (this.closed) this.end(this.last, 'returned');
    else if (!this.busy) void this.run();
  }

  private async takeOnce(ticket: Ticket, skip: readonly string[]): Promise<void> {
    const { last } = this;
    ticket.working += 1;
    try {
      const { payloads, left } = await this.options.take(MAX_IDS_PER_JOB - ticket.served, skip);
      this.barren = left === 'skipped' ? { tenants: skip, at: performance.now() } : undefined;
      if (left === 'paused') this.heldUntil = performance.now() + LOOK_WHILE_PAUSED_MS;
      if (payloads.length > 0) void this.work(ticket, payloads);
      // Whatever these tickets were put in for was in the lane when it was found empty.
      if (left === 'none') this.end(last, 'done');
      else if (ticket.served >= MAX_IDS_PER_JOB) this.end(ticket.number, 'done');
    } finally {
      finish(ticket);
    }
  }

  private async work(ticket: Ticket, payloads: readonly Payload[]): Promise<void> {
    const count = payloads.reduce((sum, { ids }) => sum + ids.length, 0);
    ticket.served += count;
    ticket.working += 1;
    try {
      if ((await this.options.begin(payloads)) === 'given back') this.goOn(ticket, count);
    } catch (error) {
      const at = this.tickets.indexOf(ticket);
      if (at >= 0) this.tickets.splice(at, 1);
      ticket.reject(error);
    }
    finish(ticket);
  }

  /** What the ticket had taken waits again. */
  private goOn(ticket: Ticket, count: number): void {
    this.heldUntil = performance.now() + HOLD_OFF_MS;
    ticket.served -= count;
    if (ticket.result === 'done') {
      ticket.result = undefined;
      this.enter(ticket);
    }
  }

  /** Ends the tickets that came no later than the one of this number. */
  private end(number: number, result: 'done' | 'returned'): void {
    while (this.tickets[0] && this.tickets[0].number <= number) {
      const ticket = this.tickets.shift() as Ticket;
      ticket.result = result;
      if (ticket.working === 0) ticket.resolve(result);
    }
  }

  private async sleep(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wakeUp = resolve;
      if (Number.isFinite(ms)) timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    this.wakeUp = () => undefined;
  }
}

function finish(ticket: Ticket): void {
  ticket.working -= 1;
  if (ticket.result && ticket.working === 0) ticket.resolve(ticket.result);
}
