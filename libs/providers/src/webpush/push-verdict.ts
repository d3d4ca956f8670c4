import { type SendOutcome } from '@herald/domain';
import { type Exchange } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';

/**
 * No key that the tenant has fits the subscription: it was made with one that was deleted, or on a page of somebody else.
 * That says nothing about the tenant's other subscriptions, so it is no fault of the configuration, which would open the
 * breaker of the push service for all of them; and nothing about whether the browser is still there, so the address is
 * not suppressed either.
 */
const FOREIGN: Verdict = { outcome: 'permanent-address', reason: 'invalid_address' };
const GONE: Verdict = { outcome: 'permanent-address', reason: 'unregistered', suppress: 'unregistered' };
/** Push services do not move subscriptions, so what redirects is none; a redirect is never followed. */
const NO_PUSH_SERVICE: Verdict = { outcome: 'permanent-address', reason: 'invalid_address' };
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };

/** By RFC 8030 and 8292. 406 is how Windows' push service throttles. */
const STATUSES: Record<number, Verdict> = {
  401: FOREIGN,
  403: FOREIGN,
  404: GONE,
  406: SLOW_DOWN,
  408: LATER,
  410: GONE,
  425: LATER,
  429: SLOW_DOWN,
};

/** What Apple's push service says in its answer's `reason`, where the status does not tell. */
const REASONS: Record<string, Verdict> = {
  VapidPkHashMismatch: FOREIGN,
  // Of the token itself, whichever the subscription: the subject does not please, or our clock is wrong.
  BadJwtToken: { outcome: 'config-halt', reason: 'provider_misconfigured' },
};

const MAX_ID_CHARS = 512;

/**
 * Whether another key may be the one that the subscription was made with. 401 and 403 by the RFC; FCM and Apple also say
 * 400, and if it was about the message, the other keys are answered the same.
 */
export function mayBeOtherKey(exchange: Exchange): boolean {
  return exchange.kind === 'answered' && [400, 401, 403].includes(exchange.status);
}

/** What a push service's answer to a message means. */
export function pushOutcome(exchange: Exchange): SendOutcome {
  if (exchange.kind === 'failed') return networkFailure(exchange);
  const { status, headers, body } = exchange;
  if (status >= 200 && status < 300) {
    const providerMessageId = lastSegment(headers.location);
    return { outcome: 'accepted', code: `http_${status}`, ...(providerMessageId && { providerMessageId }) };
  }
  const reason = status === 400 || status === 403 ? knownReason(body) : undefined;
  const code = reason === undefined ? `http_${status}` : `webpush_${reason}`;
  const verdict = reason === undefined ? verdictOn(status) : (REASONS[reason] as Verdict);
  const detail =
    verdict === FOREIGN ? 'The subscription was made with a VAPID key that is not here.' : undefined;
  return outcomeOf(verdict, { code, detail, retryAfterMs: parseRetryAfter(headers['retry-after']) });
}

function verdictOn(status: number): Verdict {
  if (STATUSES[status]) return STATUSES[status];
  if (status >= 500) return { outcome: 'retry', reason: 'provider_unavailable' };
  return status < 400 ? NO_PUSH_SERVICE : CONTENT;
}

function knownReason(body: string): string | undefined {
  try {
    const { reason } = JSON.parse(body) as { reason?: unknown };
    return typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? reason : undefined;
  } catch {
    return undefined;
  }
}

/** Of the URL that the push service gave the message. */
function lastSegment(location: string | string[] | undefined): string | undefined {
  const text = Array.isArray(location) ? location[0] : location;
  const last = text?.split(/[?#]/, 1)[0]?.split('/').pop();
  return last && last.length <= MAX_ID_CHARS ? last : undefined;
}
