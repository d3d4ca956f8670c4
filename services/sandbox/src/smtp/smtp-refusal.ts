import type { Decision, FailAction } from '../behaviours/behaviour';

/** An error as smtp-server wants it: `responseCode` is the reply code, the message its text. */
export type SmtpRefusal = Error & { responseCode: number };

function refusal(code: number, text: string): SmtpRefusal {
  return Object.assign(new Error(text), { responseCode: code });
}

const wait = (seconds: number | undefined): string =>
  seconds === undefined ? '' : `, try again in ${seconds} seconds`;

/** The reply of a `fail` action: `550 5.1.1 refused by a sandbox rule`. */
export function smtpRefusal({ code, enhanced, retryAfterSeconds }: FailAction): SmtpRefusal {
  const status = enhanced === undefined ? '' : `${enhanced} `;
  return refusal(code, `${status}refused by a sandbox rule${wait(retryAfterSeconds)}`);
}

/**
 * What a decision answers to RCPT TO, if it refuses there. A mail server says "too fast" with 4.7.1 (RFC 3463: a
 * matter of policy, which may pass).
 */
export function rcptRefusal(decision: Decision): SmtpRefusal | undefined {
  if (decision.type === 'fail' && decision.at === 'rcpt') return smtpRefusal(decision);
  if (decision.type !== 'throttled') return undefined;
  return refusal(451, `4.7.1 too many messages${wait(decision.retryAfterSeconds)}`);
}
