import { type SendOutcome } from '@herald/domain';
import { outcomeOf, type Verdict } from '../verdict';

/** A negative or positive reply of an SMTP server. */
export interface SmtpReply {
  code: string;
  /** RFC 3463, e.g. `5.1.1`; only if its class is that of the code. */
  enhanced?: string;
  text: string;
  /** `smtp_550_5.1.1` */
  label: string;
}

const MINUTE = 60_000;

const UNAVAILABLE: Verdict = { outcome: 'retry', reason: 'provider_unavailable' };
const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };
const FULL: Verdict = { outcome: 'retry', reason: 'temporary_failure', retryAfterMs: 30 * MINUTE };
/** Greylisting servers want to see the same message again after a few minutes, mostly 1 to 5. */
const GREYLISTED: Verdict = { outcome: 'retry', reason: 'temporary_failure', retryAfterMs: 5 * MINUTE };
const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited', retryAfterMs: 15 * MINUTE };
/** Will not arrive there, but that says nothing of the next message: not suppressed. */
const REFUSED_ADDRESS: Verdict = { outcome: 'permanent-address', reason: 'invalid_address' };
const BAD_ADDRESS: Verdict = { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' };
const CONTENT: Verdict = { outcome: 'permanent-content', reason: 'content_rejected' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };

/** What was answered: the opening of a session (greeting to AUTH), MAIL FROM, RCPT TO, or DATA and the message. */
type Stage = 'session' | 'sender' | 'recipient' | 'content';

const STAGES: Record<string, Stage> = { 'MAIL FROM': 'sender', 'RCPT TO': 'recipient', DATA: 'content' };

/** Codes that mean the same at every stage, whatever enhanced code stands beside them. */
const BY_CODE: Record<string, Verdict> = {
  // The server closes the session.
  '421': UNAVAILABLE,
  // The order of commands was wrong for the state the session was in; a new session begins in order.
  '503': LATER,
  '530': CONFIG,
  '534': CONFIG,
  '535': CONFIG,
  '538': CONFIG,
};

/**
 * Enhanced codes (RFC 3463 and IANA's registry), the whole one before its class and subject, then the code; each at a
 * stage before everywhere.
 *
 * 5.7 is policy. It ends the message and not the provider: the commonest, 5.7.1, is a spam filter's or one recipient's
 * verdict, and stopping all of a tenant's mail for it would let one recipient do so. It becomes a dead letter, where
 * someone looks, and the address stays usable. Those that blame our credentials or our SPF, DKIM, DMARC and DNS would
 * meet the next message as well: those halt.
 */
const VERDICTS: Record<string, Verdict> = {
  '4.2.2': FULL,
  '4.7': GREYLISTED,
  '4.7.28': SLOW_DOWN,
  'sender 5.1': CONFIG,
  '5.1': BAD_ADDRESS,
  '5.1.7': CONFIG,
  '5.1.8': CONFIG,
  '5.2': REFUSED_ADDRESS,
  '5.2.1': BAD_ADDRESS,
  '5.2.2': FULL,
  '5.2.3': CONTENT,
  '5.3': REFUSED_ADDRESS,
  '5.3.4': CONTENT,
  '5.4': REFUSED_ADDRESS,
  '5.6': CONTENT,
  '5.6.7': REFUSED_ADDRESS,
  '5.7': CONTENT,
  '5.7.3': CONFIG,
  '5.7.8': CONFIG,
  '5.7.9': CONFIG,
  '5.7.11': CONFIG,
  '5.7.13': CONFIG,
  '5.7.14': CONFIG,
  '5.7.20': CONFIG,
  '5.7.21': CONFIG,
  '5.7.22': CONFIG,
  '5.7.23': CONFIG,
  '5.7.25': CONFIG,
  '5.7.26': CONFIG,
  '5.7.27': CONFIG,
  // Without an enhanced code that says more.
  // Commands or parameters that the server does not know: it cannot take our mail at all.
  '500': CONFIG,
  '502': CONFIG,
  '504': CONFIG,
  '555': CONFIG,
  'sender 552': CONTENT,
  // RFC 5321, 4.5.3.1.10: at RCPT it may be the mailbox that is full.
  'recipient 552': FULL,
  'recipient 554': CONTENT,
};

/** What is not in the table, by its class. */
const OTHERWISE: Record<'4' | '5', Record<Exclude<Stage, 'session'>, Verdict>> = {
  '4': { sender: LATER, recipient: LATER, content: LATER },
  '5': { sender: CONFIG, recipient: REFUSED_ADDRESS, content: CONTENT },
};

/** A server that does not let us in: for now, or at all. */
const SESSION: Record<'4' | '5', Verdict> = { '4': UNAVAILABLE, '5': CONFIG };

const CODE = /^([245])\d{2}(?=[ -]|$)/;
const ENHANCED = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/m;

/** Takes a reply apart, which may have several lines; undefined for what is none. */
export function parseReply(response: string | undefined): SmtpReply | undefined {
  const code = response && CODE.exec(response)?.[0];
  if (!code) return undefined;
  const found = ENHANCED.exec(response)?.[1];
  const enhanced = found?.[0] === code[0] ? found : undefined;
  return { code, enhanced, text: response, label: enhanced ? `smtp_${code}_${enhanced}` : `smtp_${code}` };
}

/**
 * Classifies a negative reply: by `known`, what the service itself means by it, else by the tables above. `command` as
 * nodemailer names it.
 */
export function classifyReply(
  reply: SmtpReply,
  command: string | undefined,
  known: Verdict | undefined,
): SendOutcome {
  const stage = STAGES[command ?? ''] ?? 'session';
  return outcomeOf(known ?? verdictOn(reply, stage), { code: reply.label, detail: reply.text.slice(0, 512) });
}

function verdictOn({ code, enhanced }: SmtpReply, stage: Stage): Verdict {
  const kind = code[0] as '4' | '5';
  if (BY_CODE[code]) return BY_CODE[code];
  if (stage === 'session') return SESSION[kind];
  const subject = enhanced?.split('.', 2).join('.');
  const keys = [`${stage} ${enhanced}`, `${stage} ${subject}`, enhanced, subject, `${stage} ${code}`, code];
  const key = keys.find((candidate) => candidate !== undefined && Object.hasOwn(VERDICTS, candidate));
  return (key && VERDICTS[key]) || OTHERWISE[kind][stage];
}
