import { type SendOutcome } from '@herald/domain';
import { type Dispatcher } from 'undici';
import { type Exchange, postOnce } from '../http/exchange';
import { networkFailure } from '../http/network-failure';
import { parseRetryAfter } from '../http/retry-after';
import { outcomeOf, type Verdict } from '../verdict';

export interface GoogleTokensOptions {
  tokenUri: string;
  /** A signed assertion for a new token (RFC 7523), issued at this time of the clock. */
  assertion(nowMs: number): Promise<string>;
  dispatcher: Dispatcher;
  /** For one request of a token. */
  timeoutMs: number;
  now(): number;
}

/** A token, or how the attempt that wanted one has ended: nothing was sent then. */
export type AccessToken = { ok: true; token: string } | { ok: false; outcome: SendOutcome };

interface HeldToken {
  token: string;
  /** In epoch milliseconds, as the next. */
  expiresAt: number;
  renewAt: number;
}

/** How long before its end a token is renewed, beside the sending. Google's live an hour. */
const RENEW_EARLY_MS = 5 * 60_000;
/** Between two tries to renew a token that still holds. */
const RENEW_PAUSE_MS = 10_000;
const MAX_BODY_BYTES = 64 * 1024;
const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };
const UNAVAILABLE: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };

/** Errors that Google's own clients take for passing ones, whatever the status. */
const PASSING = new Set(['internal_failure', 'server_error', 'temporarily_unavailable']);

/**
 * The access token of a service account: asked for once for all that want it, used until it ends, and renewed a while
 * before that without anybody waiting.
 */
export class GoogleTokens {
  private held: HeldToken | undefined;
  private asking: Promise<AccessToken> | undefined;
  private readonly closing = new AbortController();

  constructor(private readonly options: GoogleTokensOptions) {}

  /** Waits for a token no longer than `signal` allows. */
  async get(signal: AbortSignal): Promise<AccessToken> {
    const now = this.options.now();
    const { held } = this;
    if (!held || now >= held.expiresAt) return waitFor(this.ask(), signal);
    if (now >= held.renewAt) {
      held.renewAt = now + RENEW_PAUSE_MS;
      // What goes wrong shows to those who wait for a token, when this one has ended.
      this.ask().catch(() => undefined);
    }
    return { ok: true, token: held.token };
  }

  /** Forgets a token that was refused, unless a newer one took its place. */
  drop(token: string): void {
    if (this.held?.token === token) this.held = undefined;
  }

  close(): void {
    this.closing.abort();
  }

  private ask(): Promise<AccessToken> {
    this.asking ??= this.request().finally(() => {
      this.asking = undefined;
    });
    return this.asking;
  }

  private async request(): Promise<AccessToken> {
    const { tokenUri, assertion, dispatcher, timeoutMs, now } = this.options;
    const askedAt = now();
    const exchange = await postOnce(dispatcher, {
      url: new URL(tokenUri),
      headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
      body: new URLSearchParams({ grant_type: GRANT_TYPE, assertion: await assertion(askedAt) }).toString(),
      timeoutMs,
      maxBodyBytes: MAX_BODY_BYTES,
      signal: AbortSignal.any([this.closing.signal, AbortSignal.timeout(timeoutMs)]),
    });
    const grant =
      exchange.kind === 'answered' && exchange.status === 200 ? grantOf(exchange.body) : undefined;
    if (!grant) return { ok: false, outcome: refusalOf(exchange) };
    const lifetimeMs = grant.expiresIn * 1000;
    const expiresAt = askedAt + lifetimeMs;
    const renewAt = expiresAt - Math.min(RENEW_EARLY_MS, lifetimeMs / 2);
    this.held = { token: grant.token, expiresAt, renewAt };
    return { ok: true, token: grant.token };
  }
}

/** Nothing of the message was sent while a token was asked for, so no failure leaves anything in doubt. */
function refusalOf(exchange: Exchange): SendOutcome {
  if (exchange.kind === 'failed') {
    const { outcome, code = exchange.code } = networkFailure(exchange);
    const detail = 'No access token: nothing came of asking for one.';
    return outcomeOf(outcome === 'permanent-address' ? CONFIG : UNAVAILABLE, { code, detail });
  }
  const { status, headers, body } = exchange;
  const { error, description } = errorOf(body);
  const code = `google_token_${error ?? `http_${status}`}`;
  const detail = `No access token: ${description ?? 'the answer is not that of Google.'}`.slice(0, 512);
  const verdict = verdictOf(status, error);
  return outcomeOf(verdict, { code, detail, retryAfterMs: parseRetryAfter(headers['retry-after']) });
}

function verdictOf(status: number, error: string | undefined): Verdict {
  if (status === 429) return SLOW_DOWN;
  if (status >= 500 || status === 408 || PASSING.has(error ?? '')) return UNAVAILABLE;
  // A success without a token is the word of something in between, such as a proxy.
  return status >= 300 ? CONFIG : UNAVAILABLE;
}

function grantOf(body: string): { token: string; expiresIn: number } | undefined {
  const { access_token: token, expires_in: expiresIn } = parseObject(body);
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) return undefined;
  return typeof expiresIn === 'number' && expiresIn > 0 ? { token, expiresIn } : undefined;
}

/** `{ error, error_description }` (RFC 6749, section 5.2). */
function errorOf(body: string): { error?: string; description?: string } {
  const { error, error_description: description } = parseObject(body);
  return {
    ...(typeof error === 'string' && /^[a-z_]{1,40}$/.test(error) && { error }),
    ...(typeof description === 'string' && { description }),
  };
}

function parseObject(body: string): Record<string, unknown> {
  try {
    return { ...(JSON.parse(body) as object) };
  } catch {
    return {};
  }
}

/** What others wait for, too, goes on when one of them gives up. */
function waitFor(asking: Promise<AccessToken>, signal: AbortSignal): Promise<AccessToken> {
  return new Promise((resolve, reject) => {
    const onAbort = () =>
      resolve({ ok: false, outcome: networkFailure({ kind: 'failed', sent: false, code: 'ABORTED' }) });
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    asking.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
