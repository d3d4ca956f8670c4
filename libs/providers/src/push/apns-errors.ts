import { type SendOutcome } from '@herald/domain';
import { type Exchange } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';

const MINUTE = 60_000;

const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
/** Perhaps of the other environment, or of another app: that is the provider's setting, and the token may be good. */
const BAD_TOKEN: Verdict = { outcome: 'permanent-address', reason: 'invalid_address' };
const GONE: Verdict = { outcome: 'permanent-address', reason: 'unregistered' };
const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const RECONNECT: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
/** Apple asks to wait 15 minutes after a server error. */
const UNAVAILABLE: Verdict = { ...RECONNECT, retryAfterMs: 15 * MINUTE };
/** Tokens may change every 20 minutes: as many tries as the retry policy has outlast that. */
const TOKEN_TOO_NEW: Verdict = { ...SLOW_DOWN, retryAfterMs: 5 * MINUTE };

const each = (verdict: Verdict, ...reasons: string[]) => reasons.map((reason) => [reason, verdict] as const);

/**
 * Why APNs refuses (https://developer.apple.com/documentation/usernotifications/handling-notification-responses-from-apns).
 * What is not here goes by its status.
 */
const REASONS = new Map<string, Verdict>([
  ...each(BAD_TOKEN, 'BadDeviceToken', 'DeviceTokenNotForTopic'),
  ...each(GONE, 'Unregistered', 'ExpiredToken'),
  ...each(CONTENT, 'BadCollapseId', 'BadExpirationDate', 'BadMessageId', 'BadPriority', 'DuplicateHeaders'),
  ...each(CONTENT, 'InvalidPushType', 'MissingDeviceToken', 'PayloadEmpty', 'PayloadTooLarge'),
  ...each(CONFIG, 'BadTopic', 'MissingTopic', 'TopicDisallowed', 'BadPath', 'MethodNotAllowed'),
  ...each(CONFIG, 'BadCertificate', 'BadCertificateEnvironment', 'Forbidden'),
  // An expired one is replaced: see `isTokenExpired`. That its replacement is expired, too, is the clock.
  ...each(CONFIG, 'InvalidProviderToken', 'MissingProviderToken', 'ExpiredProviderToken'),
  ...each(CONFIG, 'UnrelatedKeyIdInToken', 'BadEnvironmentKeyIdInToken', 'BadEnvironmentKeyInToken'),
  ...each(TOKEN_TOO_NEW, 'TooManyProviderTokenUpdates'),
  // For one device, and by its own fault: no word on the others.
  ...each(SLOW_DOWN, 'TooManyRequests'),
  ...each(UNAVAILABLE, 'InternalServerError', 'ServiceUnavailable'),
  // Only that server goes away, or the connection was idle.
  ...each(RECONNECT, 'Shutdown', 'IdleTimeout'),
]);

/** For answers without a known reason. Other refusals of a request blame the message. */
const STATUSES: Record<number, Verdict> = {
  403: CONFIG,
  404: CONFIG,
  405: CONFIG,
  408: LATER,
  410: GONE,
  429: SLOW_DOWN,
  500: UNAVAILABLE,
  503: UNAVAILABLE,
};

/** How an exchange with APNs counts; `registeredAt` is when the app got its token, in epoch milliseconds. */
export function apnsOutcome(exchange: Exchange, registeredAt: number | undefined): SendOutcome {
  if (exchange.kind === 'failed') {
    const failure = networkFailure(exchange);
    // It is apiBaseUrl that leads to a forbidden address, and not the device.
    return failure.outcome === 'permanent-address' ? outcomeOf(CONFIG, failure) : failure;
  }
  const { status, headers } = exchange;
  if (status >= 200 && status < 300) return acceptance(status, headers['apns-id']);
  const refusal = refusalOf(exchange.body);
  const known = refusal.reason === undefined ? undefined : REASONS.get(refusal.reason);
  const verdict = known ?? byStatus(status);
  return outcomeOf(known === GONE ? { ...GONE, ...pruning(refusal, registeredAt) } : verdict, {
    code: refusal.reason ? `apns_${refusal.reason}` : `http_${status}`,
    retryAfterMs: parseRetryAfter(headers['retry-after']),
  });
}

/** Whether APNs refuses the provider token for its age alone: a new one may help. */
export function isTokenExpired(exchange: Exchange): boolean {
  return (
    exchange.kind === 'answered' &&
    exchange.status === 403 &&
    refusalOf(exchange.body).reason === 'ExpiredProviderToken'
  );
}

function acceptance(status: number, apnsId: string | string[] | undefined): SendOutcome {
  if (status === 200 && typeof apnsId === 'string') return { outcome: 'accepted', providerMessageId: apnsId };
  const detail = 'The answer is not that of APNs.';
  return { outcome: 'ambiguous', reason: 'provider_unavailable', code: `http_${status}`, detail };
}

const byStatus = (status: number): Verdict =>
  STATUSES[status] ?? (status >= 500 ? RECONNECT : status >= 400 ? CONTENT : CONFIG);

/** A token that the app got after APNs had found it dead is alive again. */
function pruning({ timestamp }: Refusal, registeredAt: number | undefined) {
  if (timestamp !== undefined && registeredAt !== undefined && registeredAt > timestamp) return {};
  return { suppress: 'unregistered', goneSince: timestamp } as const;
}

interface Refusal {
  reason?: string;
  /** When APNs found that the token is dead, in epoch milliseconds. */
  timestamp?: number;
}

/** `{ "reason": "…", "timestamp": … }`; nothing for another body. */
function refusalOf(body: string): Refusal {
  try {
    const { reason, timestamp } = { ...(JSON.parse(body) as Record<string, unknown>) };
    return {
      ...(typeof reason === 'string' && /^[A-Za-z]{1,48}$/.test(reason) && { reason }),
      ...(isTime(timestamp) && { timestamp }),
    };
  } catch {
    return {};
  }
}

/** Epoch milliseconds that a Date can have. */
const isTime = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 && value <= 8.64e15;
