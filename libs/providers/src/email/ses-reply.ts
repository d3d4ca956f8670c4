import { type Verdict } from '../verdict';
import { type SmtpReply } from './smtp-reply';

const SLOW_DOWN: Verdict = { outcome: 'retry', reason: 'rate_limited' };
const CONFIG: Verdict = { outcome: 'config-halt', reason: 'provider_misconfigured' };

/**
 * What only SES says (https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html). It gives no enhanced codes, and
 * the same 454 and 554 for very different things: the documented beginnings of its replies are its codes. What begins
 * otherwise counts as it would from any server, so that a change of words makes a dead letter of a message and never
 * lets one through or stops the others.
 */
const REPLIES: readonly [begins: string, verdict: Verdict][] = [
  // Both the rate per second and the quota of a day, which is a sliding one: the retry policy's waits grow.
  ['454 Throttling failure', SLOW_DOWN],
  // The user of the credentials may not send as this identity, or not at all.
  ['554 Access denied', CONFIG],
  // The sender's; or, while the account is in SES' own sandbox, the recipient's: it may send to nobody else either.
  ['554 Message rejected: Email address is not verified', CONFIG],
  ['554 Message rejected: Sending suspended for this account', CONFIG],
  ['554 Message rejected: Sending paused for this account', CONFIG],
];

/** The id in `250 Ok 0100017f5b3b8a1c-0b2c…-000000`. */
const ACCEPTED = /^250 Ok ([0-9A-Za-z][0-9A-Za-z._-]{7,199})\s*$/i;

/** What SES means by a refusal; undefined for one that it shares with other servers. */
export function sesVerdict({ text }: SmtpReply): Verdict | undefined {
  return REPLIES.find(([begins]) => text.startsWith(begins))?.[1];
}

/** SES' id of a message that it took: it replaces the Message-ID by `<id@region.amazonses.com>`. */
export function sesMessageId(reply: string): string | undefined {
  return ACCEPTED.exec(reply)?.[1];
}
