import { CHANNELS, type Channel } from '@herald/contracts';
import type { ReceivedMessage } from './message';

const noMessages = (): Record<Channel, number> =>
  Object.fromEntries(CHANNELS.map((channel) => [channel, 0])) as Record<Channel, number>;

/** A received message with the identity the store gave it. */
export interface StoredMessage {
  readonly id: string;
  readonly receivedAt: Date;
  readonly message: ReceivedMessage;
}

export interface MessageStoreOptions {
  /** How many messages are kept; the oldest is dropped for a newer one. */
  maxMessages: number;
  /** How many bytes the kept messages may hold together. At least one message is always kept. */
  maxBytes: number;
  /** Told of each message before it is acknowledged. */
  note?: (message: ReceivedMessage) => void;
}

/**
 * The messages that arrived, in memory, oldest first in one array.
 *
 * Dropping the oldest moves `first` on and compacts now and then. A Map in insertion order reads better, but
 * finding its oldest key walks over all deleted ones: at thousands of messages a second that was the hot spot.
 */
export class MessageStore {
  private messages: (StoredMessage | undefined)[] = [];
  private first = 0;
  private bytes = 0;
  private sequence = 0;
  private readonly byId = new Map<string, StoredMessage>();
  private readonly listeners = new Set<() => void>();
  private perChannel = noMessages();
  /** Keeps the ids of two runs apart, so that a page left open never shows another run's message. */
  private readonly run = Date.now().toString(36);

  constructor(private readonly options: MessageStoreOptions) {}

  get size(): number {
    return this.byId.size;
  }

  add(message: ReceivedMessage): StoredMessage {
    this.options.note?.(message);
    this.sequence += 1;
    const stored = { id: `${this.run}-${this.sequence}`, receivedAt: new Date(), message };
    this.messages.push(stored);
    this.byId.set(stored.id, stored);
    this.bytes += message.bytes;
    this.perChannel[message.channel] += 1;
    while (this.size > this.options.maxMessages || (this.bytes > this.options.maxBytes && this.size > 1)) {
      this.dropOldest();
    }
    this.changed();
    return stored;
  }

  get(id: string): StoredMessage | undefined {
    return this.byId.get(id);
  }

  *newestFirst(): Generator<StoredMessage> {
    // The array is replaced by compaction and by clear, never changed in place below its end.
    const { messages, first } = this;
    for (let index = messages.length - 1; index >= first; index -= 1) {
      const stored = messages[index];
      if (stored !== undefined) yield stored;
    }
  }

  clear(): void {
    this.messages = [];
    this.first = 0;
    this.bytes = 0;
    this.byId.clear();
    this.perChannel = noMessages();
    this.changed();
  }

  /** How many messages are kept, by channel. */
  counts(): Record<Channel, number> {
    return { ...this.perChannel };
  }

  /** Says that something about a kept message is new, such as the status of an SMS. */
  changed(): void {
    for (const listener of this.listeners) listener();
  }

  /** Calls `listener` after each change, without saying which: it may be called thousands of times a second. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private dropOldest(): void {
    const oldest = this.messages[this.first];
    this.messages[this.first] = undefined;
    this.first += 1;
    if (oldest !== undefined) {
      this.byId.delete(oldest.id);
      this.bytes -= oldest.message.bytes;
      this.perChannel[oldest.message.channel] -= 1;
    }
    if (this.first > this.options.maxMessages) {
      this.messages = this.messages.slice(this.first);
      this.first = 0;
    }
  }
}
