import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Behaviours } from '../behaviours/behaviours';
import { type HttpAnswer, respond, send } from '../behaviours/respond';
import { readBody } from '../http/read-body';
import { PushNotification } from '../push/push-notification';
import type { MessageStore } from '../store/message-store';
import type { AccessTokens } from './access-tokens';
import {
  invalidArgument,
  jsonAnswer,
  notFound,
  permissionDenied,
  statusError,
  unauthenticated,
} from './fcm-errors';
import { type FcmMessage, parseSendRequest } from './parse-send-request';
import { pushDetails } from './push-details';

export interface FcmApiOptions {
  projectId: string;
  tokens: AccessTokens;
  /** The JSON of the service account's key file. */
  keyFile(): string;
  store: MessageStore;
  behaviours: Behaviours;
}

/** Google's hosts have no path in front: a client is given this folder as its base URL. */
export const FCM_PREFIX = '/fcm/';
export const TOKEN_PATH = '/fcm/token';
const KEY_FILE_PATH = '/fcm/service-account.json';
const SEND = /^\/fcm\/v1\/projects\/([^/]+)\/messages:send$/;
/** What a rule names to mean this door and not that of APNs. */
const DOOR = 'fcm';
/** A device whose token begins so has removed the app. */
const DEAD = 'dead-';
const GARBAGE = '<html><body><h1>Welcome to the captive portal</h1></body></html>';

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * What sending needs of FCM's HTTP v1 API and of Google's OAuth: `POST /fcm/token` with a signed assertion, and
 * `POST /fcm/v1/projects/{project}/messages:send` to one token. `GET /fcm/service-account.json` is the key file of the
 * account, which a person downloads in the Firebase console.
 */
export function fcmApi(options: FcmApiOptions): Handler {
  return async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://sandbox');
    if (pathname === KEY_FILE_PATH && req.method === 'GET') {
      return send(res, jsonAnswer(200, JSON.parse(options.keyFile()) as object));
    }
    const [, project] = SEND.exec(pathname) ?? [];
    if (req.method !== 'POST' || (pathname !== TOKEN_PATH && project === undefined)) {
      return send(res, notFound(`${req.method} ${pathname}`));
    }
    const read = await readBody(req);
    if (read.type === 'aborted') return;
    if (read.type === 'too-large') return send(res, statusError(413));
    const body = read.body.toString('utf8');
    if (project === undefined) return send(res, await options.tokens.grant(body));
    const refused = refusalOf(options, req, project);
    if (refused) return send(res, refused);
    await sendMessage(options, body, res);
  };
}

function refusalOf(
  { tokens, projectId }: FcmApiOptions,
  { headers }: IncomingMessage,
  project: string,
): HttpAnswer | undefined {
  if (!tokens.knows(headers.authorization)) return unauthenticated();
  return [projectId, encodeURIComponent(projectId)].includes(project) ? undefined : permissionDenied(project);
}

async function sendMessage(options: FcmApiOptions, body: string, res: ServerResponse): Promise<void> {
  const parsed = parseSendRequest(parseJson(body));
  if (!parsed.ok) return send(res, invalidArgument(parsed.violations));
  const { message, validateOnly } = parsed;
  await respond(res, options.behaviours.decide('push', [message.token], DOOR), {
    take: () => take(options, message, validateOnly),
    refusal: statusError,
    throttled: (seconds) => statusError(429, seconds),
    garbage: (response) =>
      send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: GARBAGE }),
  });
}

function take({ projectId, store }: FcmApiOptions, message: FcmMessage, validateOnly: boolean): HttpAnswer {
  if (message.token.startsWith(DEAD)) return statusError(404);
  const messageId = `projects/${projectId}/messages/${validateOnly ? 'fake_message_id' : randomUUID()}`;
  if (!validateOnly) {
    store.add(new PushNotification(pushDetails(message, { projectId, messageId, nowMs: Date.now() })));
  }
  return jsonAnswer(200, { name: messageId });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
