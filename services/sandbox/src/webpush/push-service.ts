import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { decrypt } from 'http_ece';
import type { Behaviours } from '../behaviours/behaviours';
import { type HttpAnswer, respond, retryAfter, send } from '../behaviours/respond';
import { invalid, problem, sendProblem, tooLarge } from '../http/problem';
import { MAX_BODY_BYTES, readBody } from '../http/read-body';
import type { MessageStore } from '../store/message-store';
import { type PushHeaders, parsePushHeaders } from './push-request';
import {
  newSubscriptionName,
  SUBSCRIPTION_NAME,
  type Subscription,
  type Subscriptions,
} from './subscriptions';
import { type VapidIdentity, verifyVapid } from './verify-vapid';
import { endpointAddresses, WebPushNotification } from './web-push-notification';

export interface PushServiceOptions {
  subscriptions: Subscriptions;
  store: MessageStore;
  behaviours: Behaviours;
}

export const WEB_PUSH_PREFIX = '/webpush/';
/** What endpoints have before the subscription. */
export const PUSH_PATH = '/webpush/push/';
const SUBSCRIPTIONS_PATH = '/webpush/subscriptions';

/** RFC 8030, section 7.2: what every push service takes. */
const MAX_MESSAGE_BYTES = 4096;

/** Names of subscriptions whose browsers are gone begin with this. */
const GONE = 'gone-';

/** `POST /webpush/subscriptions` stands for a browser that subscribes, `POST /webpush/push/{id}` is its push service. */
export function pushService(options: PushServiceOptions) {
  return async (req: IncomingMessage, res: ServerResponse): Promise<void> => {
    const { pathname } = new URL(req.url ?? '/', 'http://sandbox');
    if (req.method === 'POST' && pathname === SUBSCRIPTIONS_PATH) return subscribe(options, req, res);
    if (req.method === 'POST' && pathname.startsWith(PUSH_PATH)) {
      return push(options, pathname.slice(PUSH_PATH.length), req, res);
    }
    sendProblem(res, problem('not-found', `There is POST ${SUBSCRIPTIONS_PATH} and POST ${PUSH_PATH}{id}.`));
  };
}

async function subscribe(
  { subscriptions }: PushServiceOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const read = await readBody(req);
  if (read.type === 'aborted') return;
  if (read.type === 'too-large') return sendProblem(res, tooLarge(MAX_BODY_BYTES));
  const body = objectIn(read.body);
  if (body === undefined) return sendProblem(res, problem('malformed-json', 'The body is no JSON object.'));
  const { applicationServerKey: key, name = newSubscriptionName() } = body;
  if (key !== undefined && !isPublicKey(key)) {
    const detail = 'is not the base64url of a P-256 public key';
    return sendProblem(res, invalid([{ pointer: '/applicationServerKey', detail }]));
  }
  if (typeof name !== 'string' || !SUBSCRIPTION_NAME.test(name)) {
    return sendProblem(
      res,
      invalid([{ pointer: '/name', detail: 'is not up to 64 characters of base64url' }]),
    );
  }
  const subscription = subscriptions.subscribe(name, key);
  send(res, {
    status: 201,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(subscription),
  });
}

async function push(
  options: PushServiceOptions,
  id: string,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const read = await readBody(req, MAX_MESSAGE_BYTES);
  if (read.type === 'aborted') return;
  if (id.startsWith(GONE)) return send(res, refusal(410, 'The subscription has ended.'));
  const subscription = options.subscriptions.find(id);
  if (subscription === undefined) return send(res, refusal(404, 'There is no such subscription.'));
  if (read.type === 'too-large') return send(res, refusal(413, `${MAX_MESSAGE_BYTES} bytes are possible.`));
  const parsed = parsePushHeaders(req.headers);
  if (!parsed.ok) return send(res, refusal(parsed.status, parsed.reason));
  const origin = `http://${req.headers.host ?? 'localhost'}`;
  const vapid = await verifyVapid(req.headers.authorization, origin);
  if (!vapid.ok) return send(res, unauthorized(vapid.reason));
  if (!subscription.takes(vapid.identity.publicKey)) {
    return send(res, refusal(403, 'The subscription was made with another key.'));
  }
  const message = { id, endpoint: `${origin}${PUSH_PATH}${id}`, origin, ...parsed.headers };
  await accept(options, { ...message, subscription, body: read.body, vapid: vapid.identity }, res);
}

interface Accepted extends PushHeaders {
  id: string;
  endpoint: string;
  origin: string;
  subscription: Subscription;
  body: Buffer;
  vapid: VapidIdentity;
}

async function accept(
  { behaviours, store }: PushServiceOptions,
  { origin, subscription, body, ...message }: Accepted,
  res: ServerResponse,
): Promise<void> {
  await respond(res, behaviours.decide('webpush', endpointAddresses(message)), {
    take: () => {
      const messageId = randomUUID();
      store.add(new WebPushNotification({ ...message, messageId, payload: payloadIn(body, subscription) }));
      const location = `${origin}/webpush/message/${messageId}`;
      return { status: 201, headers: { location, ttl: String(message.ttlSeconds) } };
    },
    refusal: (code, seconds) => refusal(code, 'As a rule of the sandbox says.', seconds),
    throttled: (seconds) => refusal(429, 'Too many messages.', seconds),
    garbage: (response) => response.socket?.end('\u0000 this is not HTTP \u0000\r\n\r\n'),
  });
}

/** A push service takes what its browser cannot read: it has no keys. */
function payloadIn(body: Buffer, { pair, auth }: Subscription): string | null {
  try {
    return decrypt(body, { version: 'aes128gcm', privateKey: pair, authSecret: auth }).toString('utf8');
  } catch {
    return null;
  }
}

function unauthorized(reason: string): HttpAnswer {
  const { headers, ...rest } = refusal(401, reason);
  return { ...rest, headers: { ...headers, 'www-authenticate': 'vapid' } };
}

function refusal(status: number, reason: string, seconds?: number): HttpAnswer {
  const headers = { 'content-type': 'text/plain; charset=utf-8', ...retryAfter(seconds) };
  return { status, headers, body: `${reason}\n` };
}

function isPublicKey(value: unknown): value is string {
  if (typeof value !== 'string' || !/^[A-Za-z0-9_-]{87}=?$/.test(value)) return false;
  return Buffer.from(value, 'base64url')[0] === 4;
}

function objectIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString('utf8') || '{}');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
