import type { Channel } from '@herald/contracts';

/** What misbehaves: the doors of providers. An in-app feed has none, its app is on Herald's side. */
export type DisturbedChannel = Exclude<Channel, 'inapp'>;

/** When a connection is dropped or a reply withheld: `after-data` means the message was taken, its reply is lost. */
export type Moment = 'connect' | 'data' | 'after-data';

/**
 * The request is refused. `code` is an SMTP reply code (400-599), a Twilio error code (10000-99999), a Vonage status
 * (1-99) or an HTTP status; `enhanced` is an RFC 3463 status for SMTP. `at` (SMTP only): at RCPT TO, or after the data.
 */
export interface FailAction {
  type: 'fail';
  code: number;
  enhanced?: string;
  at: 'rcpt' | 'data';
  retryAfterSeconds?: number;
}
/** Accepted after `ms` milliseconds. */
export interface DelayAction {
  type: 'delay';
  ms: number;
}
/** Never answered; the connection stays open. */
export interface HangAction {
  type: 'hang';
  at: 'data' | 'after-data';
}
export interface DropAction {
  type: 'drop';
  at: Moment;
}
/** `perSecond` messages are accepted, the rest is refused as a provider refuses what comes too fast. */
export interface ThrottleAction {
  type: 'throttle';
  perSecond: number;
  retryAfterSeconds?: number;
}
/** Answered with something that is not the protocol. */
export interface GarbageAction {
  type: 'garbage';
}
/** SMS only: accepted, and then reported as not delivered. */
export interface UndeliveredAction {
  type: 'undelivered';
  errorCode: number;
  status: 'undelivered' | 'failed';
}
/** SMS only: how status callbacks are posted. `delayMs` is for `late`. */
export interface ReceiptsAction {
  type: 'receipts';
  mode: 'late' | 'doubled' | 'reordered' | 'none';
  delayMs: number;
}

/** What can be reported of an accepted e-mail beside that it was processed and delivered. */
export const EMAIL_EVENTS = [
  'deferred',
  'bounce',
  'blocked',
  'dropped',
  'open',
  'click',
  'spamreport',
  'unsubscribe',
  'group_unsubscribe',
  'group_resubscribe',
] as const;
export type EmailEvent = (typeof EMAIL_EVENTS)[number];
/**
 * E-mail over an HTTP API only: what is reported of an accepted mail, and how. A bounce, a block or a drop takes the
 * place of the delivery. `delayMs` is for `late`.
 */
export interface EventsAction {
  type: 'events';
  events: EmailEvent[];
  mode: 'prompt' | ReceiptsAction['mode'];
  delayMs: number;
}

export type RequestAction =
  | FailAction
  | DelayAction
  | HangAction
  | DropAction
  | ThrottleAction
  | GarbageAction;
export type Action = RequestAction | UndeliveredAction | ReceiptsAction | EventsAction;

/** The providers that a message of a channel can come by. */
export const DOORS: Record<DisturbedChannel, readonly string[]> = {
  email: ['smtp', 'sendgrid', 'ses'],
  sms: ['twilio', 'vonage'],
  push: ['fcm', 'apns'],
  webpush: [],
  webhook: [],
};

/** A rule as asked for. */
export interface BehaviourRule {
  channel: DisturbedChannel | '*';
  /**
   * Without it the rule is for every recipient and every door of the channel. `*` in `to` stands for any characters;
   * `provider` is the door, see `DOORS`.
   */
  match?: { to?: string; provider?: string };
  action: Action;
  /** How often the rule applies before it disappears; without it, until it is deleted. */
  times?: number;
}

/** A rule in force. */
export interface Behaviour extends BehaviourRule {
  id: string;
  createdAt: string;
  /** How often it has applied. */
  applied: number;
}

/** What to do with one message: accept it, or what the rule in force says. */
export type Decision =
  | { type: 'accept' }
  | { type: 'throttled'; retryAfterSeconds?: number }
  | Exclude<RequestAction, ThrottleAction>;
