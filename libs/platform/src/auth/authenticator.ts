import { hash } from 'node:crypto';
import { type Scope } from '@herald/contracts';
import { LRUCache } from 'lru-cache';
import { looksLikeApiKey } from '../crypto/api-key';
import { equalConstantTime } from '../crypto/digest';
import { isUnavailable } from '../net/unavailable';
import { LookupGate } from './lookup-gate';
import {
  type AuthFailure,
  type OperatorPrincipal,
  type Principal,
  type TenantPrincipal,
  unauthorized,
} from './principal';

/** An API key as it is stored, with what is needed of its tenant. */
export interface ApiKeyRecord {
  id: string;
  tenantId: string;
  live: boolean;
  scopes: Scope[];
  burst: number;
  perSecond: number;
  expiresAt: Date | null;
  /** May lie in the future: a key that was rotated with an overlap. */
  revokedAt: Date | null;
  tenantDisabled: boolean;
}

export interface AuthenticatorOptions {
  findKeyByHash(hash: Buffer): Promise<ApiKeyRecord | undefined>;
  operatorKey?: string;
  /** How long a key is believed without asking again: the longest time a revoked key still works. */
  cacheTtlMs?: number;
  maxCached?: number;
  now?: () => number;
  /** Called at each successful use of a tenant's key, so it must be cheap. */
  onUsed?(keyId: string): void;
}

interface Entry {
  principal: TenantPrincipal;
  endsAt: number;
  tenantDisabled: boolean;
  endedBy: AuthFailure;
  fetchedAt: number;
  /** While the database is down it is not asked again before this. */
  retryAt: number;
}

const STALE_IF_ERROR_MS = 60_000;
const RETRY_MS = 1000;
const NEGATIVE_TTL_MS = 1000;
const MAX_NEGATIVE = 1000;
const MAX_TOKEN_CHARS = 512;
/**
 * Look-ups of keys that were never seen, at once and waiting. Whoever guesses keys makes one for each, so they get a
 * small part of the connections, which are the same that accept notifications. Not a limit per client address: behind a
 * proxy that is not trusted all clients have one, and a guesser would lock everybody out.
 */
const MAX_UNSEEN_AT_ONCE = 2;
const MAX_UNSEEN_WAITING = 500;
const BEARER = /^bearer +(\S+) *$/i;

const OPERATOR: OperatorPrincipal = Object.freeze({ kind: 'operator' });
const MISSING = unauthorized('Send an API key: "Authorization: Bearer hk_…".');
const MALFORMED = unauthorized(
  'The Authorization header must be "Bearer" and an API key.',
  'invalid_request',
);
const UNKNOWN = unauthorized('The API key is not known.', 'invalid_token');
const EXPIRED = unauthorized('The API key has expired.', 'invalid_token');
const REVOKED = unauthorized('The API key was revoked.', 'invalid_token');
const DISABLED = unauthorized('The tenant of the API key is disabled.', 'invalid_token');

/**
 * Knows callers by their bearer token. A key that was seen lately is answered without waiting and without the database;
 * one in steady use is refreshed before its time is up, so it never waits. Keys are held by their SHA-256 only.
 *
 * Guessing costs the guesser: what cannot be a key is not looked up, what was looked up in vain is remembered for a
 * moment, and the rest goes through a gate that good keys, once seen, never meet.
 *
 * While the database is down, keys that are cached go on working for a minute past their time; others fail with the
 * database's error.
 */
export class Authenticator {
  private readonly known: LRUCache<string, Entry>;
  private readonly unknown: LRUCache<string, { until: number }>;
  private readonly unseen = new LookupGate(MAX_UNSEEN_AT_ONCE, MAX_UNSEEN_WAITING);
  private readonly pending = new Map<string, Promise<Entry | undefined>>();
  private readonly operatorHash?: string;
  private readonly ttlMs: number;
  private readonly now: () => number;

  constructor(private readonly options: AuthenticatorOptions) {
    const { operatorKey, cacheTtlMs = 3000, maxCached = 10_000, now = Date.now } = options;
    this.known = new LRUCache({ max: maxCached });
    // Of its own, so that guessing keys does not push out the good ones.
    this.unknown = new LRUCache({ max: MAX_NEGATIVE });
    this.operatorHash = operatorKey ? digest(operatorKey) : undefined;
    this.ttlMs = cacheTtlMs;
    this.now = now;
  }

  /**
   * Who sends this Authorization header. Answers at once when it can, else with a promise.
   * @throws (by the promise) when the key is not cached: the error of `findKeyByHash`, or ProblemError 503 while too many
   * keys that nobody has seen are looked up
   */
  authenticate(
    authorization: string | undefined,
  ): Principal | AuthFailure | Promise<Principal | AuthFailure> {
    if (authorization === undefined) return MISSING;
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined || token.length > MAX_TOKEN_CHARS) return MALFORMED;
    const key = digest(token);
    const now = this.now();
    const entry = this.known.get(key);
    if (entry) {
      if (this.isFresh(entry, key, now)) return this.judge(entry, now);
    } else {
      // Comparing hashes in constant time, the operator's key cannot be guessed by timing.
      if (this.operatorHash && equalConstantTime(key, this.operatorHash)) return OPERATOR;
      if (!looksLikeApiKey(token) || (this.unknown.get(key)?.until ?? 0) > now) return UNKNOWN;
    }
    return this.lookUp(key).then((found) => (found ? this.judge(found, this.now()) : UNKNOWN));
  }

  /** Whether an entry may be used without waiting; starts refreshing one that soon may not. */
  private isFresh(entry: Entry, key: string, now: number): boolean {
    const age = now - entry.fetchedAt;
    if (age >= this.ttlMs) return now < entry.retryAt && age < this.ttlMs + STALE_IF_ERROR_MS;
    if (age >= this.ttlMs / 2 && now >= entry.retryAt) {
      // Failing here costs nothing: the entry is still good, and whoever comes after its time asks again and sees why.
      this.lookUp(key).catch(() => undefined);
    }
    return true;
  }

  private judge(entry: Entry, now: number): Principal | AuthFailure {
    if (now >= entry.endsAt) return entry.endedBy;
    if (entry.tenantDisabled) return DISABLED;
    this.options.onUsed?.(entry.principal.keyId);
    return entry.principal;
  }

  /** One look-up per key at a time, however many wait for it. */
  private lookUp(key: string): Promise<Entry | undefined> {
    const running = this.pending.get(key);
    if (running) return running;
    const load = () => this.load(key);
    const started = (this.known.has(key) ? load() : this.unseen.pass(load)).finally(() =>
      this.pending.delete(key),
    );
    this.pending.set(key, started);
    return started;
  }

  private async load(key: string): Promise<Entry | undefined> {
    const fetchedAt = this.now();
    try {
      const record = await this.options.findKeyByHash(Buffer.from(key, 'hex'));
      if (record) {
        const entry = toEntry(record, fetchedAt);
        this.known.set(key, entry);
        return entry;
      }
      this.known.delete(key);
      this.unknown.set(key, { until: fetchedAt + NEGATIVE_TTL_MS });
      return undefined;
    } catch (error) {
      return this.staleEntry(key, error);
    }
  }

  private staleEntry(key: string, error: unknown): Entry {
    const entry = this.known.peek(key);
    const now = this.now();
    if (!entry || !isUnavailable(error) || now - entry.fetchedAt >= this.ttlMs + STALE_IF_ERROR_MS)
      throw error;
    entry.retryAt = now + RETRY_MS;
    return entry;
  }
}

function toEntry(record: ApiKeyRecord, fetchedAt: number): Entry {
  const expiresAt = record.expiresAt?.getTime() ?? Number.POSITIVE_INFINITY;
  const revokedAt = record.revokedAt?.getTime() ?? Number.POSITIVE_INFINITY;
  return {
    principal: Object.freeze({
      kind: 'tenant',
      keyId: record.id,
      tenantId: record.tenantId,
      live: record.live,
      scopes: new Set(record.scopes),
      rateLimit: Object.freeze({ burst: record.burst, perSecond: record.perSecond }),
    }),
    endsAt: Math.min(expiresAt, revokedAt),
    endedBy: revokedAt <= expiresAt ? REVOKED : EXPIRED,
    tenantDisabled: record.tenantDisabled,
    fetchedAt,
    retryAt: 0,
  };
}

function digest(token: string): string {
  return hash('sha256', token, 'hex');
}
