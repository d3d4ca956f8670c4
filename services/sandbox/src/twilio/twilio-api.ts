import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Behaviours } from '../behaviours/behaviours';
import { type HttpAnswer, respond, retryAfter, send } from '../behaviours/respond';
import { sendProblem, tooLarge } from '../http/problem';
import { MAX_BODY_BYTES, readBody } from '../http/read-body';
import type { MessageStore } from '../store/message-store';
import type { CallbackSender } from './callback-sender';
import { parseCreateMessage } from './create-message';
import { planReceipts, planStatuses } from './plan-receipts';
import { SmsMessage, type SmsStatus } from './sms-message';
import { twilioCallback } from './twilio-callback';
import { type TwilioError, twilioError, twilioErrorFor } from './twilio-errors';

export interface TwilioAccount {
  sid: string;
  authToken: string;
}

export interface TwilioApiOptions {
  accounts: readonly TwilioAccount[];
  store: MessageStore;
  behaviours: Behaviours;
  callbacks: CallbackSender;
}

export const TWILIO_PREFIX = '/2010-04-01/';
const ROUTE = /^\/2010-04-01\/Accounts\/([^/]+)\/Messages(?:\/([^/]+))?\.json$/;
const FORM = 'application/x-www-form-urlencoded';
const GARBAGE = '<html><body><h1>Welcome to the captive portal</h1></body></html>';

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/**
 * The messages of Twilio's REST API: `POST …/Messages.json` and `GET …/Messages/{sid}.json`.
 * A plain request handler rather than an Express route: it takes every SMS of a load test.
 */
export function twilioApi(options: TwilioApiOptions): Handler {
  const byCredentials = new Map(options.accounts.map((account) => [basicAuth(account), account]));
  return async (req, res) => {
    const path = new URL(req.url ?? '/', 'http://sandbox').pathname;
    const account = byCredentials.get(req.headers.authorization ?? '');
    if (account === undefined) return send(res, unauthorized());
    const [, accountSid, messageSid] = ROUTE.exec(path) ?? [];
    if (accountSid !== account.sid) return send(res, errorAnswer(notFound(path)));
    if (req.method === 'GET' && messageSid !== undefined) {
      return send(res, fetchMessage(options.store, account, messageSid, path));
    }
    if (req.method !== 'POST' || messageSid !== undefined)
      return send(res, errorAnswer({ ...twilioErrorFor(405), message: 'Method not allowed' }));
    await createMessage(options, account, req, res);
  };
}

async function createMessage(
  options: TwilioApiOptions,
  account: TwilioAccount,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  const read = await readBody(req);
  if (read.type === 'aborted') return;
  if (read.type === 'too-large') return sendProblem(res, tooLarge(MAX_BODY_BYTES));
  // Like Twilio, which finds no To in a body that is not a form.
  const isForm = req.headers['content-type']?.toLowerCase().startsWith(FORM) ?? false;
  const parsed = parseCreateMessage(new URLSearchParams(isForm ? read.body.toString('utf8') : ''));
  if (!parsed.ok) return send(res, errorAnswer(parsed.error));
  const { message: request } = parsed;
  await respond(res, options.behaviours.decide('sms', [request.to], 'twilio'), {
    take: () => {
      const message = new SmsMessage(account.sid, request);
      const answer = jsonAnswer(201, message.resource());
      options.store.add(message);
      scheduleStatuses(options, account, message);
      return answer;
    },
    refusal: (code, seconds) => errorAnswer(twilioErrorFor(code), seconds),
    throttled: (seconds) => errorAnswer(twilioError(20429), seconds),
    garbage: (response) =>
      send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: GARBAGE }),
  });
}

function scheduleStatuses(options: TwilioApiOptions, account: TwilioAccount, message: SmsMessage): void {
  const { behaviours, callbacks, store } = options;
  const statuses = planStatuses(behaviours.outcomeOf(message.to, 'twilio'));
  for (const { atMs, status, errorCode } of statuses) {
    callbacks.schedule(atMs, () => {
      message.moveTo(status, errorCode);
      store.changed();
      return undefined;
    });
  }
  const url = message.statusCallback;
  if (url === null) return;
  for (const { atMs, status, errorCode } of planReceipts(
    statuses,
    behaviours.receiptsOf(message.to, 'twilio'),
  )) {
    const form = callbackForm(message, status, errorCode);
    callbacks.schedule(atMs, () => twilioCallback(url, account.authToken, form));
  }
}

/** The form of a status callback, as in https://www.twilio.com/docs/messaging/guides/track-outbound-message-status. */
function callbackForm(
  message: SmsMessage,
  status: SmsStatus,
  errorCode: number | null,
): Record<string, string> {
  const { sid, accountSid, apiVersion, sender, to } = message;
  return {
    AccountSid: accountSid,
    ApiVersion: apiVersion,
    MessageSid: sid,
    MessageStatus: status,
    SmsSid: sid,
    SmsStatus: status,
    To: to,
    ...sender,
    ...(errorCode !== null && { ErrorCode: String(errorCode) }),
  };
}

function fetchMessage(store: MessageStore, account: TwilioAccount, sid: string, path: string): HttpAnswer {
  for (const { message } of store.newestFirst()) {
    if (message instanceof SmsMessage && message.sid === sid && message.accountSid === account.sid) {
      return jsonAnswer(200, message.resource());
    }
  }
  return errorAnswer(notFound(path));
}

const basicAuth = ({ sid, authToken }: TwilioAccount): string =>
  `Basic ${Buffer.from(`${sid}:${authToken}`).toString('base64')}`;

const notFound = (path: string): TwilioError =>
  twilioError(20404, `The requested resource ${path} was not found`);

function unauthorized(): HttpAnswer {
  const answer = errorAnswer(twilioError(20003));
  return { ...answer, headers: { ...answer.headers, 'www-authenticate': 'Basic realm="Twilio API"' } };
}

function errorAnswer(error: TwilioError, retryAfterSeconds?: number): HttpAnswer {
  const answer = jsonAnswer(error.status, error);
  return { ...answer, headers: { ...answer.headers, ...retryAfter(retryAfterSeconds) } };
}

function jsonAnswer(status: number, body: object): HttpAnswer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
