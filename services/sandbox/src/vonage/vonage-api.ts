import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Behaviours } from '../behaviours/behaviours';
import { type HttpAnswer, respond, retryAfter, send } from '../behaviours/respond';
import { problem, sendProblem, tooLarge } from '../http/problem';
import { MAX_BODY_BYTES, readBody } from '../http/read-body';
import type { MessageStore } from '../store/message-store';
import type { CallbackSender } from '../twilio/callback-sender';
import { type PlannedStatus, planReceipts, planStatuses } from '../twilio/plan-receipts';
import { parseSubmitSms } from './submit-sms';
import { vonageCallback } from './vonage-callback';
import { VonageMessage, type VonageStatus } from './vonage-message';
import { vonageText } from './vonage-statuses';

export interface VonageAccount {
  apiKey: string;
  apiSecret: string;
  /** What webhooks are signed with, as SHA-256 HMAC. */
  signatureSecret: string;
}

export interface VonageApiOptions {
  accounts: readonly VonageAccount[];
  store: MessageStore;
  behaviours: Behaviours;
  callbacks: CallbackSender;
}

/** Vonage's paths are `/sms/…`: a client is given this folder as its base URL. */
export const VONAGE_PREFIX = '/vonage/';
const ROUTE = '/vonage/sms/json';
const GARBAGE = '<html><body><h1>Welcome to the captive portal</h1></body></html>';
const NETWORK = '26201';

type Handler = (req: IncomingMessage, res: ServerResponse) => Promise<void>;

/** Vonage's SMS API: `POST /vonage/sms/json` with a form or JSON, and a delivery receipt for each part. */
export function vonageApi(options: VonageApiOptions): Handler {
  const byKey = new Map(options.accounts.map((account) => [account.apiKey, account]));
  return async (req, res) => {
    const { pathname } = new URL(req.url ?? '/', 'http://sandbox');
    if (pathname !== ROUTE || req.method !== 'POST') {
      return sendProblem(res, problem('not-found', `Of Vonage's APIs this is POST ${ROUTE} alone.`));
    }
    const read = await readBody(req);
    if (read.type === 'aborted') return;
    if (read.type === 'too-large') return sendProblem(res, tooLarge(MAX_BODY_BYTES));
    const fields = fieldsOf(read.body.toString('utf8'), req.headers['content-type'] ?? '');
    const account = byKey.get(fields.get('api_key') ?? '');
    if (account?.apiSecret !== fields.get('api_secret')) return send(res, refusal(4));
    if (account === undefined) return send(res, refusal(2, 'Missing api_key'));
    await submit(options, account, fields, res);
  };
}

async function submit(
  options: VonageApiOptions,
  account: VonageAccount,
  fields: ReadonlyMap<string, string>,
  res: ServerResponse,
): Promise<void> {
  const parsed = parseSubmitSms(fields);
  if (!parsed.ok) return send(res, refusal(parsed.status, parsed.text));
  const { sms } = parsed;
  await respond(res, options.behaviours.decide('sms', [sms.to], 'vonage'), {
    take: () => {
      const message = new VonageMessage(account.apiKey, sms);
      options.store.add(message);
      scheduleStatuses(options, account, message);
      return accepted(message);
    },
    refusal: refusalFor,
    throttled: (seconds) => refusal(1, undefined, seconds),
    garbage: (response) =>
      send(response, { status: 200, headers: { 'content-type': 'text/html' }, body: GARBAGE }),
  });
}

/** What a planned status is called in a delivery receipt. */
const STATUSES: Record<PlannedStatus['status'], VonageStatus> = {
  accepted: 'accepted',
  queued: 'accepted',
  sent: 'accepted',
  delivered: 'delivered',
  undelivered: 'failed',
  failed: 'rejected',
};

function scheduleStatuses(options: VonageApiOptions, account: VonageAccount, message: VonageMessage): void {
  const { behaviours, callbacks, store } = options;
  const statuses = planStatuses(behaviours.outcomeOf(message.to, 'vonage'));
  for (const { atMs, status, errorCode } of statuses) {
    callbacks.schedule(atMs, () => {
      message.moveTo(STATUSES[status], errorCode);
      store.changed();
      return undefined;
    });
  }
  const url = message.sms.callback;
  if (url === null) return;
  for (const planned of planReceipts(statuses, behaviours.receiptsOf(message.to, 'vonage'))) {
    for (const id of message.ids) {
      const fields = receiptOf(message, id, planned);
      callbacks.schedule(planned.atMs, () => vonageCallback(url, account.signatureSecret, fields));
    }
  }
}

/** A delivery receipt, as in https://developer.vonage.com/en/messaging/sms/guides/delivery-receipts. */
function receiptOf(message: VonageMessage, id: string, { status, errorCode }: PlannedStatus) {
  const { from, to, clientRef } = message.sms;
  return {
    msisdn: to.slice(1),
    to: from,
    'network-code': NETWORK,
    messageId: id,
    price: '0.03330000',
    status: STATUSES[status],
    scts: new Date().toISOString().slice(2, 16).replace(/\D/g, ''),
    'err-code': String(errorCode ?? 0),
    'api-key': message.apiKey,
    ...(clientRef !== null && { 'client-ref': clientRef }),
  };
}

function accepted({ ids, sms }: VonageMessage): HttpAnswer {
  return answer(
    ids.map((id) => ({
      to: sms.to.slice(1),
      'message-id': id,
      status: '0',
      'remaining-balance': '15.53590000',
      'message-price': '0.03330000',
      network: NETWORK,
      ...(sms.clientRef !== null && { 'client-ref': sms.clientRef }),
    })),
  );
}

/** The answer for a rule's code: a status of Vonage, or an HTTP status. For a code of another vendor, a server error. */
function refusalFor(code: number, seconds: number | undefined): HttpAnswer {
  if (code < 400) return refusal(code, undefined, seconds);
  if (code >= 600) return refusal(5, undefined, seconds);
  return {
    status: code,
    headers: { 'content-type': 'text/plain', ...retryAfter(seconds) },
    body: `HTTP ${code}`,
  };
}

/** Vonage says what is wrong with 200, too. */
function refusal(status: number, text = vonageText(status), seconds?: number): HttpAnswer {
  const { headers, ...rest } = answer([{ status: String(status), 'error-text': text }]);
  return { ...rest, headers: { ...headers, ...retryAfter(seconds) } };
}

function answer(messages: object[]): HttpAnswer {
  const body = JSON.stringify({ 'message-count': String(messages.length), messages });
  return { status: 200, headers: { 'content-type': 'application/json' }, body };
}

function fieldsOf(text: string, contentType: string): Map<string, string> {
  if (!contentType.toLowerCase().startsWith('application/json')) return new Map(new URLSearchParams(text));
  try {
    return new Map(Object.entries(JSON.parse(text) as object).map(([name, value]) => [name, String(value)]));
  } catch {
    return new Map();
  }
}
