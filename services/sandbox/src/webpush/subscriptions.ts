import { createECDH, createHash, createHmac, type ECDH, randomBytes, timingSafeEqual } from 'node:crypto';

/** As a browser gives it. */
export interface PushSubscriptionJson {
  endpoint: string;
  expirationTime: null;
  /** base64url. */
  keys: { p256dh: string; auth: string };
}

/** What the push service and the browser know of a subscription. */
export interface Subscription {
  pair: ECDH;
  /** base64url. */
  auth: string;
  /** Whether messages may be signed with this key (base64url): with one alone if the subscription was made with one. */
  takes(publicKey: string): boolean;
}

export interface Subscriptions {
  /** The subscription of that name; made with a key (base64url), it takes messages of that key's owner only. */
  subscribe(name: string, applicationServerKey?: string): PushSubscriptionJson;
  /** The subscription that an endpoint ends with; undefined when there is none. */
  find(id: string): Subscription | undefined;
}

export interface SubscriptionsOptions {
  /** What all keys are derived from: subscriptions outlive a restart when it is the same. */
  seed: string;
  /** What endpoints begin with. */
  endpointBase: () => string;
}

const ANY_KEY = '0';
const CURVE = 'prime256v1';

/** A text that names a subscription in its endpoint. */
export const SUBSCRIPTION_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Random, for a subscription of which nobody knows the name. */
export const newSubscriptionName = (): string => randomBytes(12).toString('base64url');

/**
 * Subscriptions without a list of them: an endpoint ends with the subscription's name, the hash of the key that it was
 * made with, and a code that only the holder of the seed can make. The keys follow from those.
 */
export function openSubscriptions({ seed, endpointBase }: SubscriptionsOptions): Subscriptions {
  const derive = (purpose: string, text: string): Buffer =>
    createHmac('sha256', seed).update(`${purpose} ${text}`).digest();
  const codeOf = (text: string): string => derive('code', text).toString('base64url').slice(0, 16);
  const keysOf = (id: string) => ({
    pair: pairFrom((attempt) => derive(`pair ${attempt}`, id)),
    auth: derive('auth', id).subarray(0, 16).toString('base64url'),
  });
  return {
    subscribe(name, applicationServerKey) {
      const bound = `${name}.${applicationServerKey === undefined ? ANY_KEY : hashOf(applicationServerKey)}`;
      const id = `${bound}.${codeOf(bound)}`;
      const { pair, auth } = keysOf(id);
      const keys = { p256dh: pair.getPublicKey('base64url'), auth };
      return { endpoint: endpointBase() + id, expirationTime: null, keys };
    },
    find(id) {
      const [name = '', key = '', code = ''] = id.split('.');
      if (!equal(code, codeOf(`${name}.${key}`)) || id !== `${name}.${key}.${code}`) return undefined;
      return { ...keysOf(id), takes: (publicKey) => key === ANY_KEY || key === hashOf(publicKey) };
    },
  };
}

function hashOf(publicKey: string): string {
  const bytes = Buffer.from(publicKey, 'base64url');
  return createHash('sha256').update(bytes).digest('base64url').slice(0, 16);
}

function equal(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A pair whose private key is the first of the 32 bytes that is a number of the curve; nearly all are. */
function pairFrom(bytes: (attempt: number) => Buffer): ECDH {
  const pair = createECDH(CURVE);
  for (let attempt = 0; ; attempt += 1) {
    try {
      pair.setPrivateKey(bytes(attempt));
      return pair;
    } catch (error) {
      if (attempt > 3) throw error;
    }
  }
}
