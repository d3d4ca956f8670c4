import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import type { VapidIdentity } from './verify-vapid';

export interface WebPushRequest {
  /** The push URL of the subscription. */
  endpoint: string;
  /** The last segment of its path. */
  id: string;
  messageId: string;
  /** As the service worker gets it; null for what the browser cannot decrypt. */
  payload: string | null;
  ttlSeconds: number;
  urgency: string;
  topic: string | null;
  vapid: VapidIdentity;
}

/** The ways in which a subscription may be written to mean it: whole, by its path, by its last segment alone. */
export function endpointAddresses({ endpoint, id }: Pick<WebPushRequest, 'endpoint' | 'id'>): string[] {
  return [endpoint, new URL(endpoint).pathname, id];
}

/** What a message holds besides its payload, in bytes, roughly. */
const OVERHEAD_BYTES = 1024;

const SHOWN = ['title', 'body', 'icon', 'image', 'badge', 'url', 'tag'] as const;
type Shown = Record<(typeof SHOWN)[number], string | null>;

/** A message that a browser got, or would have if it could read it. */
export class WebPushNotification implements ReceivedMessage {
  readonly channel = 'webpush';
  readonly to: string;
  readonly bytes: number;
  private readonly content: Record<string, unknown>;

  constructor(private readonly request: WebPushRequest) {
    this.to = request.endpoint;
    this.bytes = OVERHEAD_BYTES + 3 * (request.payload?.length ?? 0);
    this.content = contentOf(request.payload);
  }

  isTo(address: string): boolean {
    return endpointAddresses(this.request).includes(address);
  }

  brief(): MessageBrief {
    const { title, body } = this.shown();
    const { channel, to, status } = this;
    return { channel, to, from: this.from, subject: title, preview: (body ?? '').slice(0, 140), status };
  }

  fields(): MessageFields {
    const { endpoint, id, vapid, ...rest } = this.request;
    const shown = this.shown();
    const { actions, data, requireInteraction, silent } = this.content;
    return {
      channel: this.channel,
      to: endpoint,
      from: this.from,
      subject: shown.title,
      text: shown.body ?? '',
      html: null,
      status: this.status,
      ...shown,
      actions: Array.isArray(actions) ? actions : [],
      data: data ?? null,
      requireInteraction: requireInteraction === true,
      silent: silent === true,
      ...rest,
      vapid: { ...vapid, expiresAt: vapid.expiresAt.toISOString() },
    };
  }

  whole(): MessageFields {
    return this.fields();
  }

  private get from(): string {
    return this.request.vapid.subject ?? '';
  }

  private get status(): 'shown' | 'unreadable' {
    return this.request.payload === null ? 'unreadable' : 'shown';
  }

  private shown(): Shown {
    const texts = SHOWN.map((name) => {
      const value = this.content[name];
      return [name, typeof value === 'string' ? value : null];
    });
    return Object.fromEntries(texts) as Shown;
  }
}

/** What a service worker like that of `/app/push/` makes of a payload: a text that is no JSON object is the title. */
function contentOf(payload: string | null): Record<string, unknown> {
  if (payload === null) return {};
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Any text is a payload.
  }
  return { title: payload };
}
