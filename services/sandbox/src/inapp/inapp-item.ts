import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import type { FeedItem } from './feed-item';

/** What a message holds besides its content, in bytes, roughly. */
const OVERHEAD_BYTES = 512;

/** An item that arrived in the feed of a recipient. What the recipient does with it moves its status on. */
export class InAppItem implements ReceivedMessage {
  readonly channel = 'inapp';
  readonly bytes: number;

  constructor(
    readonly to: string,
    private item: FeedItem,
  ) {
    this.bytes = OVERHEAD_BYTES + 2 * Buffer.byteLength(JSON.stringify(item));
  }

  /** The same item as it is now. */
  update(item: FeedItem): void {
    this.item = item;
  }

  isTo(address: string): boolean {
    return this.to === address;
  }

  brief(): MessageBrief {
    const { title, body } = this.item;
    const preview = (body ?? '').slice(0, 140);
    return { channel: this.channel, to: this.to, from: '', subject: title, preview, status: this.status() };
  }

  fields(): MessageFields {
    const { id, title, body, ...item } = this.item;
    return {
      channel: this.channel,
      to: this.to,
      from: '',
      subject: title,
      text: body ?? '',
      html: null,
      status: this.status(),
      itemId: id,
      notificationId: item.notificationId,
      category: item.category ?? null,
      url: item.url ?? null,
      imageUrl: item.imageUrl ?? null,
      data: item.data ?? null,
      createdAt: item.createdAt,
      expiresAt: item.expiresAt ?? null,
      seenAt: item.seenAt ?? null,
      readAt: item.readAt ?? null,
      archivedAt: item.archivedAt ?? null,
    };
  }

  whole(): MessageFields {
    return this.fields();
  }

  private status(): string {
    const { seenAt, readAt, archivedAt } = this.item;
    if (archivedAt) return 'archived';
    if (readAt) return 'read';
    return seenAt ? 'seen' : 'unseen';
  }
}
