import { randomBytes } from 'node:crypto';
import type { FieldError } from '@herald/contracts';
import { json, Router } from 'express';
import { FieldReader, isObject } from '../behaviours/field-reader';
import { invalid, problem, sendProblem } from '../http/problem';
import { MAX_BODY_BYTES } from '../http/read-body';
import type { Callback, CallbackSender } from '../twilio/callback-sender';
import type { TwilioAccount } from '../twilio/twilio-api';
import { twilioCallback } from '../twilio/twilio-callback';
import type { VonageAccount } from '../vonage/vonage-api';
import { vonageCallback } from '../vonage/vonage-callback';

export interface InboundApiOptions {
  twilio: readonly TwilioAccount[];
  vonage: readonly VonageAccount[];
  callbacks: CallbackSender;
}

/** A message that somebody sends to us. */
interface InboundSms {
  provider: 'twilio' | 'vonage';
  /** E.164. */
  from: string;
  to: string;
  text: string;
  /** Where the provider posts it. */
  url: string;
}

/**
 * `POST /inbound` plays a phone: it says to a provider's first account what somebody wrote, and the provider posts it,
 * signed, to `url`. Only JSON is taken: a page of another origin then cannot post here without asking first.
 */
export function inboundApi({ twilio, vonage, callbacks }: InboundApiOptions): Router {
  const router = Router();
  router.post('/inbound', json({ limit: MAX_BODY_BYTES }), (req, res) => {
    const parsed = parseInbound(req.body);
    if (!parsed.ok) return sendProblem(res, invalid(parsed.errors));
    const { sms } = parsed;
    const made = sms.provider === 'twilio' ? fromTwilio(sms, twilio[0]) : fromVonage(sms, vonage[0]);
    if (made === undefined)
      return sendProblem(res, problem('not-found', `The sandbox has no account of ${sms.provider}.`));
    callbacks.schedule(0, () => made);
    res.status(202).end();
  });
  return router;
}

function parseInbound(body: unknown): { ok: true; sms: InboundSms } | { ok: false; errors: FieldError[] } {
  if (!isObject(body)) return { ok: false, errors: [{ pointer: '', detail: 'must be a JSON object' }] };
  const errors: FieldError[] = [];
  const reader = new FieldReader(body, '', errors);
  const provider = reader.oneOf('provider', ['twilio', 'vonage'] as const);
  const from = reader.optionalText('from', 16) ?? '';
  const to = reader.optionalText('to', 16) ?? '+15005550006';
  const text = reader.optionalText('text', 1600) ?? '';
  const url = reader.optionalText('url', 2048) ?? '';
  reader.refuseOthers();
  if (!/^\+[1-9]\d{6,14}$/.test(from))
    reader.refuse('from', 'must be a phone number such as "+4915112345678"');
  if (text === '') reader.refuse('text', 'must be what the phone sends');
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) reader.refuse('url', 'must be an http or https URL');
  return errors.length > 0 ? { ok: false, errors } : { ok: true, sms: { provider, from, to, text, url } };
}

/** The form of an inbound message, as in https://www.twilio.com/docs/messaging/guides/webhook-request. */
function fromTwilio({ from, to, text, url }: InboundSms, account?: TwilioAccount): Callback | undefined {
  if (account === undefined) return undefined;
  const sid = `SM${randomBytes(16).toString('hex')}`;
  return twilioCallback(url, account.authToken, {
    AccountSid: account.sid,
    ApiVersion: '2010-04-01',
    MessageSid: sid,
    SmsMessageSid: sid,
    SmsSid: sid,
    SmsStatus: 'received',
    From: from,
    To: to,
    Body: text,
    NumMedia: '0',
    NumSegments: '1',
  });
}

/** The fields of an inbound message, as in https://developer.vonage.com/en/messaging/sms/guides/inbound-sms. */
function fromVonage({ from, to, text, url }: InboundSms, account?: VonageAccount): Callback | undefined {
  if (account === undefined) return undefined;
  return vonageCallback(url, account.signatureSecret, {
    'api-key': account.apiKey,
    msisdn: from.slice(1),
    to: to.replace(/^\+/, ''),
    messageId: randomBytes(8).toString('hex').toUpperCase(),
    text,
    type: 'text',
    keyword: text.trim().split(/\s/)[0]?.toUpperCase() ?? '',
  });
}
