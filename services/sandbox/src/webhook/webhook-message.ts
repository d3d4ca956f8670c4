import type { IncomingHttpHeaders } from 'node:http';
import type { MessageBrief, MessageFields, ReceivedMessage } from '../store/message';
import type { SignatureCheck } from './verify-signature';

export interface WebhookRequest {
  method: string;
  /** Path and query as received: `/webhook/orders?a=1`. */
  path: string;
  /** The whole URL; the recipient of the message. */
  url: string;
  headers: IncomingHttpHeaders;
  /** Address of the client. */
  from: string;
  body: Buffer;
  signature: SignatureCheck;
}

/** The ways a webhook's URL may be written to mean it: whole, path with query, path alone. */
export function webhookAddresses({ url, path }: Pick<WebhookRequest, 'url' | 'path'>): string[] {
  return [url, path, path.replace(/\?.*$/, '')];
}

/** A webhook request that arrived, whether or not its signature holds. */
export class WebhookMessage implements ReceivedMessage {
  readonly channel = 'webhook';
  readonly to: string;
  readonly bytes: number;

  constructor(private readonly request: WebhookRequest) {
    this.to = request.url;
    this.bytes = request.body.length + JSON.stringify(request.headers).length;
  }

  isTo(address: string): boolean {
    return webhookAddresses(this.request).includes(address);
  }

  brief(): MessageBrief {
    const { from, path, method, body, signature } = this.request;
    const status = signature.verified ? 'verified' : 'unverified';
    const preview = body.toString('utf8', 0, 200);
    return { channel: this.channel, to: this.to, from, subject: `${method} ${path}`, preview, status };
  }

  fields(): MessageFields {
    const { method, path, url, headers, from, body, signature } = this.request;
    const text = body.toString('utf8');
    const json = parseJson(text);
    const own = { method, path, headers, json, signature, size: body.length };
    return { channel: this.channel, to: url, from, subject: null, text, html: null, ...own };
  }

  whole(): MessageFields {
    return this.fields();
  }
}

/** Deeper values can be parsed, but writing them again exhausts the stack. */
const MAX_DEPTH = 200;

/** The value, or null for what is not JSON or is nested absurdly. */
function parseJson(text: string): unknown {
  try {
    return nesting(text) > MAX_DEPTH ? null : JSON.parse(text);
  } catch {
    return null;
  }
}

/** Strings are matched whole, so that the brackets in them do not count. */
const STRING_OR_BRACKET = /"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gs;

function nesting(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(STRING_OR_BRACKET)) {
    if (token === '[' || token === '{') depth += 1;
    else if (token === ']' || token === '}') depth -= 1;
    deepest = Math.max(deepest, depth);
  }
  return deepest;
}
