import type { ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Decision } from './behaviour';

export interface HttpAnswer {
  status: number;
  headers?: Record<string, string>;
  body?: string;
}

/** How one HTTP channel does what a decision says. */
export interface HttpExchange {
  /** Keeps the message and says how that is answered. */
  take(): HttpAnswer;
  refusal(code: number, retryAfterSeconds: number | undefined): HttpAnswer;
  /** How the channel says "too fast". */
  throttled(retryAfterSeconds: number | undefined): HttpAnswer;
  /** An answer the client cannot understand. */
  garbage(res: ServerResponse): void;
}

/** Answers an HTTP request to a provider as `decision` says. For HTTP, `connect` is the same as `data`. */
export async function respond(
  res: ServerResponse,
  decision: Decision,
  exchange: HttpExchange,
): Promise<void> {
  switch (decision.type) {
    case 'accept':
      return send(res, exchange.take());
    case 'delay':
      await sleep(decision.ms, undefined, { ref: false });
      return send(res, exchange.take());
    case 'fail':
      return send(res, exchange.refusal(decision.code, decision.retryAfterSeconds));
    case 'throttled':
      return send(res, exchange.throttled(decision.retryAfterSeconds));
    case 'hang':
      if (decision.at === 'after-data') exchange.take();
      return;
    case 'drop':
      if (decision.at === 'after-data') exchange.take();
      res.socket?.destroy();
      return;
    case 'garbage':
      return exchange.garbage(res);
  }
}

export function send(res: ServerResponse, { status, headers = {}, body = '' }: HttpAnswer): void {
  if (res.destroyed) return;
  if (status === 204 || status === 304) res.writeHead(status, headers).end();
  else res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** `Retry-After` in seconds, or no header. */
export const retryAfter = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };
