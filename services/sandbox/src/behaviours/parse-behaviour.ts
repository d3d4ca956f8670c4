import type { FieldError } from '@herald/contracts';
import {
  type Action,
  type BehaviourRule,
  type DisturbedChannel,
  DOORS,
  EMAIL_EVENTS,
  type EmailEvent,
  type FailAction,
} from './behaviour';
import { FieldReader, isObject } from './field-reader';
import { parseFailCode } from './parse-fail-code';

export type ParsedBehaviour = { ok: true; rule: BehaviourRule } | { ok: false; errors: FieldError[] };

type RuleChannel = BehaviourRule['channel'];
type ActionParser = (reader: FieldReader, channel: RuleChannel) => Action;

const MAX_WAIT_MS = 10 * 60 * 1000;
const RETRY_AFTER = { min: 0, max: 86_400 };
const LATE_RECEIPT_MS = 10_000;

/** Reads the body of `POST /behaviours`, naming every field that is wrong and what it should be. */
export function parseBehaviour(body: unknown): ParsedBehaviour {
  if (!isObject(body)) return { ok: false, errors: [{ pointer: '', detail: 'must be a JSON object' }] };
  const errors: FieldError[] = [];
  const reader = new FieldReader(body, '', errors);
  const channel = reader.oneOf('channel', [...(Object.keys(DOORS) as DisturbedChannel[]), '*'] as const);
  if (errors.length > 0) return { ok: false, errors }; // what the rest means depends on the channel
  const match = parseMatch(reader, channel, errors);
  const action = parseAction(reader, channel, errors);
  const times = reader.optionalNumber('times', { min: 1, max: 1_000_000 });
  reader.refuseOthers();
  if (action?.type === 'drop' && action.at === 'connect' && channel === 'email' && match?.to !== undefined) {
    const detail = 'is not known when a connection opens: leave it out, or drop at "data" or "after-data"';
    errors.push({ pointer: '/match/to', detail });
  }
  if (errors.length > 0 || action === undefined) return { ok: false, errors };
  return { ok: true, rule: { channel, ...(match && { match }), action, ...(times && { times }) } };
}

function parseMatch(reader: FieldReader, channel: RuleChannel, errors: FieldError[]): BehaviourRule['match'] {
  const value = reader.raw('match');
  if (value === undefined) return undefined;
  if (!isObject(value)) {
    reader.refuse('match', 'must be an object such as { "to": "*@example.com" }');
    return undefined;
  }
  const fields = new FieldReader(value, reader.at('match'), errors);
  const to = fields.optionalText('to', 2048);
  const provider = fields.optionalText('provider', 40);
  fields.refuseOthers();
  const doors = channel === '*' ? Object.values(DOORS).flat() : DOORS[channel];
  if (provider !== undefined && !doors.includes(provider)) {
    const known = doors.map((door) => `"${door}"`).join(' or ');
    fields.refuse('provider', known ? `must be ${known}` : 'must be left out: this channel has one door');
  }
  if (to === undefined && provider === undefined) return undefined;
  return { ...(to !== undefined && { to }), ...(provider !== undefined && { provider }) };
}

function parseAction(reader: FieldReader, channel: RuleChannel, errors: FieldError[]): Action | undefined {
  const value = reader.raw('action');
  if (!isObject(value)) {
    reader.refuse('action', 'must be an object such as { "type": "fail", "code": 451 }');
    return undefined;
  }
  const fields = new FieldReader(value, reader.at('action'), errors);
  const before = errors.length;
  const type = fields.oneOf('type', Object.keys(ACTIONS) as Action['type'][]);
  if (errors.length > before) return undefined;
  const action = ACTIONS[type](fields, channel);
  fields.refuseOthers();
  return action;
}

const ACTIONS: Record<Action['type'], ActionParser> = {
  fail: parseFail,
  delay: (reader) => ({ type: 'delay', ms: reader.number('ms', { min: 1, max: MAX_WAIT_MS }) }),
  hang: (reader) => ({ type: 'hang', at: reader.oneOf('at', ['data', 'after-data'], 'data') }),
  drop: (reader) => ({ type: 'drop', at: reader.oneOf('at', ['connect', 'data', 'after-data'], 'data') }),
  throttle: (reader) => ({
    type: 'throttle',
    perSecond: reader.number('perSecond', { min: 0.01, max: 100_000, integer: false }),
    ...optionalRetryAfter(reader),
  }),
  garbage: () => ({ type: 'garbage' }),
  undelivered: (reader, channel) => {
    refuseUnlessSms(reader, channel);
    return {
      type: 'undelivered',
      errorCode: reader.number('errorCode', { min: 1, max: 99_999 }),
      status: reader.oneOf('status', ['undelivered', 'failed'], 'undelivered'),
    };
  },
  receipts: (reader, channel) => {
    refuseUnlessSms(reader, channel);
    return {
      type: 'receipts',
      mode: reader.oneOf('mode', ['late', 'doubled', 'reordered', 'none']),
      delayMs: reader.optionalNumber('delayMs', { min: 0, max: MAX_WAIT_MS }) ?? LATE_RECEIPT_MS,
    };
  },
  events: (reader, channel) => {
    if (channel !== 'email') reader.refuse('type', 'exists for e-mail only: set "channel" to "email"');
    return {
      type: 'events',
      events: parseEvents(reader),
      mode: reader.oneOf('mode', ['prompt', 'late', 'doubled', 'reordered', 'none'], 'prompt'),
      delayMs: reader.optionalNumber('delayMs', { min: 0, max: MAX_WAIT_MS }) ?? LATE_RECEIPT_MS,
    };
  },
};

function parseEvents(reader: FieldReader): EmailEvent[] {
  const value = reader.raw('events') ?? [];
  const known: readonly unknown[] = EMAIL_EVENTS;
  if (Array.isArray(value) && value.every((event) => known.includes(event))) return [...new Set(value)];
  reader.refuse('events', `must be a list of some of ${EMAIL_EVENTS.map((one) => `"${one}"`).join(', ')}`);
  return [];
}

function parseFail(reader: FieldReader, channel: RuleChannel): FailAction {
  const parsed = parseFailCode(channel, reader.raw('code'));
  if (!parsed.ok) reader.refuse('code', parsed.wanted);
  const { code, enhanced } = parsed.ok ? parsed : { code: 500, enhanced: undefined };
  const at = reader.oneOf('at', ['rcpt', 'data'], 'rcpt');
  return { type: 'fail', code, ...(enhanced && { enhanced }), at, ...optionalRetryAfter(reader) };
}

function optionalRetryAfter(reader: FieldReader): { retryAfterSeconds?: number } {
  const retryAfterSeconds = reader.optionalNumber('retryAfterSeconds', RETRY_AFTER);
  return retryAfterSeconds === undefined ? {} : { retryAfterSeconds };
}

function refuseUnlessSms(reader: FieldReader, channel: RuleChannel): void {
  if (channel !== 'sms') reader.refuse('type', 'exists for SMS only: set "channel" to "sms"');
}
