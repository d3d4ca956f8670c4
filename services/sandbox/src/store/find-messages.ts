import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Channel } from '@herald/contracts';
import type { ReceivedMessage } from './message';
import type { MessageStore, StoredMessage } from './message-store';

/** Which messages are wanted; what is left out does not restrict. */
export interface MessageFilter {
  channel?: Channel;
  /** The recipient, exactly. */
  to?: string;
  /** A text found in the recipient, sender, subject or content, ignoring case. */
  q?: string;
  /** Received at or after this time. */
  since?: Date;
  /** Only what is older than the message of this id; does not count for the total. */
  before?: string;
  limit: number;
}

export interface FoundMessages {
  /** Newest first. */
  items: StoredMessage[];
  /** How many messages match, beyond the limit too. */
  total: number;
}

const LOOKS_PER_TURN = 50;

/** Looks through the store. A text search parses what was never read yet, so it lets other work in between. */
export async function findMessages(store: MessageStore, filter: MessageFilter): Promise<FoundMessages> {
  const items: StoredMessage[] = [];
  const text = filter.q?.toLowerCase();
  let total = 0;
  let looks = 0;
  let reached = filter.before === undefined;
  for (const stored of store.newestFirst()) {
    if (filter.since !== undefined && stored.receivedAt < filter.since) break;
    const wanted =
      matches(stored.message, filter) && (text === undefined || (await contains(stored.message, text)));
    if (wanted) {
      total += 1;
      if (reached && items.length < filter.limit) items.push(stored);
    }
    reached ||= stored.id === filter.before;
    looks += 1;
    if (text !== undefined && looks % LOOKS_PER_TURN === 0) await nextTurn();
  }
  return { items, total };
}

function matches(message: ReceivedMessage, { channel, to }: MessageFilter): boolean {
  if (channel !== undefined && message.channel !== channel) return false;
  return to === undefined || message.isTo(to);
}

async function contains(message: ReceivedMessage, text: string): Promise<boolean> {
  const { to, from, subject, text: content, html } = await message.fields();
  return [to, from, subject, content, html].some((part) => part?.toLowerCase().includes(text) ?? false);
}
