import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Decision } from '../behaviours/behaviour';
import type { Behaviours } from '../behaviours/behaviours';
import { type HttpAnswer, respond, retryAfter, send } from '../behaviours/respond';
import { readBody } from '../http/read-body';
import type { MessageStore } from '../store/message-store';
import type { EventWebhook } from './event-webhook';
import { type MailSend, parseMailSend } from './parse-mail-send';
import { type PlannedEvent, planEvents, planPosts, refusedLater } from './plan-events';
import { errorAnswer, fieldError, jsonAnswer, statusAnswer } from './sendgrid-errors';
import { SendgridMessage } from './sendgrid-message';

export interface SendgridApiOptions {
  apiKey: string;
  store: MessageStore;
  behaviours: Behaviours;
  webhook: EventWebhook;
}

export const SENDGRID_PREFIX = '/v3/';
/** What a rule names to mean this door and not that of SMTP. */
const DOOR = 'sendgrid';
const MAX_BODY_BYTES = 30 * 1024 * 1024;
const SETTINGS = '/v3/user/webhooks/event/settings';
const GARBAGE = '<html><body><h1>Welcome to the captive portal</h1></body></html>';
/** What a throttle rule without a wait has SendGrid say, in seconds. */
const REFRESH_SECONDS = 1;

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * The part of SendGrid's v3 API that sending needs: `POST /v3/mail/send`, the settings of the account's event webhook
 * (`/v3/user/webhooks/event/settings`: GET, and POST, PUT or PATCH to change them) and its public key
 * (`GET …/settings/signed`). Unlike SendGrid, it always signs, and posts every kind of event that was not set to false.
 */
export function sendgridApi(options: SendgridApiOptions): Handler {
  const authorization = `Bearer ${options.apiKey}`;
  return async (req, res) => {
    if (req.headers.authorization !== authorization) return send(res, statusAnswer(401));
    const { pathname } = new URL(req.url ?? '/', 'http://sandbox');
    const { method = '' } = req;
    if (pathname === '/v3/mail/send') {
      return method === 'POST' ? sendMail(options, req, res) : send(res, statusAnswer(405));
    }
    if (pathname === `${SETTINGS}/signed` && method === 'GET') {
      return send(res, jsonAnswer(200, { public_key: options.webhook.publicKey }));
    }
    if (pathname !== SETTINGS) return send(res, statusAnswer(404));
    if (method === 'GET') return send(res, jsonAnswer(200, options.webhook.settings));
    if (!['POST', 'PUT', 'PATCH'].includes(method)) return send(res, statusAnswer(405));
    await changeSettings(options.webhook, req, res);
  };
}

type JsonRead = { ok: true; json: unknown; body: Buffer } | { ok: false; answer: HttpAnswer | undefined };

/** Reads a body of JSON; without an answer when the client has gone away. */
async function readJson(req: IncomingMessage): Promise<JsonRead> {
  const read = await readBody(req, MAX_BODY_BYTES);
  if (read.type === 'aborted') return { ok: false, answer: undefined };
  if (read.type === 'too-large') return { ok: false, answer: statusAnswer(413) };
  if (!/^application\/json\b/i.test(req.headers['content-type'] ?? '')) {
    return { ok: false, answer: statusAnswer(415) };
  }
  try {
    return { ok: true, json: JSON.parse(read.body.toString('utf8')), body: read.body };
  } catch {
    return { ok: false, answer: statusAnswer(400) };
  }
}

async function changeSettings(
  webhook: EventWebhook,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const read = await readJson(req);
  if (!read.ok) return read.answer && send(res, read.answer);
  if (!webhook.configure(read.json)) {
    const error = fieldError('url', 'An http or https URL is required to enable the webhook.');
    return send(res, errorAnswer(400, [error]));
  }
  send(res, jsonAnswer(req.method === 'POST' ? 201 : 200, webhook.settings));
}

async function sendMail(
  options: SendgridApiOptions,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const read = await readJson(req);
  if (!read.ok) return read.answer && send(res, read.answer);
  const parsed = parseMailSend(read.json);
  if (!parsed.ok) return send(res, errorAnswer(400, parsed.errors));
  const { mail } = parsed;
  if (mail.sandboxMode) return send(res, { status: 200 });
  const decision = options.behaviours.decide(
    'email',
    mail.recipients.map(({ email }) => email),
    DOOR,
  );
  const later = decision.type === 'fail' ? refusedLater(decision) : undefined;
  const now: Decision = later ? { type: 'accept' } : decision;
  await respond(res, now, {
    take: () => {
      const messageId = randomBytes(16).toString('base64url');
      keep(options, messageId, mail, read.body, later);
      return { status: 202, headers: { 'x-message-id': messageId } };
    },
    refusal: (code, seconds) => statusAnswer(code, code === 429 ? rateLimit(seconds) : retryAfter(seconds)),
    throttled: (seconds) => statusAnswer(429, rateLimit(seconds)),
    garbage: (response) =>
      send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: GARBAGE }),
  });
}

/** SendGrid says when it counts anew, in seconds of the epoch, and not how long to wait. */
function rateLimit(seconds = REFRESH_SECONDS): Record<string, string> {
  const reset = Math.ceil(Date.now() / 1000) + seconds;
  return { 'x-ratelimit-limit': '1', 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(reset) };
}

/** Keeps a message for each recipient and plans what will be told of it. */
function keep(
  { store, behaviours, webhook }: SendgridApiOptions,
  messageId: string,
  mail: MailSend,
  source: Buffer,
  later: PlannedEvent[] | undefined,
): void {
  for (const [index, recipient] of mail.recipients.entries()) {
    const message = new SendgridMessage(messageId, recipient, mail, source);
    store.add(message);
    const rule = behaviours.eventsOf(recipient.email, DOOR);
    const plan = later ?? planEvents(rule?.events ?? []);
    for (const { atMs, status } of plan) {
      if (status === undefined) continue;
      webhook.schedule(atMs, () => {
        message.status = status;
        store.changed();
        return undefined;
      });
    }
    const ids = new Map(plan.map(({ event }) => [event, randomUUID()]));
    for (const { atMs, event, fields } of planPosts(plan, rule)) {
      webhook.schedule(atMs, () => ({
        ...recipient.customArgs,
        email: recipient.email,
        timestamp: Math.floor(Date.now() / 1000),
        'smtp-id': message.smtpId(),
        sg_event_id: ids.get(event),
        sg_message_id: `${messageId}.recvd-sandbox-${index}.0`,
        ...fields,
        event,
      }));
    }
  }
}
