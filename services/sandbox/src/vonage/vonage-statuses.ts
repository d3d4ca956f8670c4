/** What Vonage says beside a part's status (https://developer.vonage.com/en/api-errors/sms). */
const TEXTS: Record<number, string> = {
  1: 'Throughput Rate Exceeded - please wait [ 250 ] and retry',
  2: 'Missing parameter',
  3: 'Invalid parameter',
  4: 'Bad Credentials',
  5: 'Internal Error',
  6: 'Unroutable message - rejected',
  7: 'Number barred',
  8: 'Partner account barred',
  9: 'Quota Exceeded - rejected',
  10: 'Too many existing binds',
  11: 'Account not enabled for HTTP',
  12: 'Message too long',
  14: 'Invalid Signature',
  15: 'Illegal Sender Address - rejected',
  22: 'Invalid network code',
  23: 'Invalid callback url',
  29: 'Non White-listed Destination - rejected',
  32: 'Signature and API secret disallowed',
  33: 'Number de-activated',
};

export const vonageText = (status: number): string => TEXTS[status] ?? `Error ${status}`;

/** Codes of a delivery receipt, for those a test is likely to ask for. */
const FAILURES: Record<number, string> = {
  1: 'Unknown',
  2: 'Absent subscriber, temporary',
  3: 'Absent subscriber, permanent',
  4: 'Call barred by user',
  5: 'Portability error',
  6: 'Anti-spam rejection',
  7: 'Handset busy',
  8: 'Network error',
  9: 'Illegal number',
  10: 'Illegal message',
  11: 'Unroutable',
  12: 'Destination unreachable',
  13: 'Subscriber age restriction',
  14: 'Number blocked by carrier',
  15: 'Prepaid, insufficient funds',
  99: 'General error',
};

/** What an `err-code` means, or nothing for one that is not in the table. */
export const vonageFailure = (code: number): string | null => FAILURES[code] ?? null;
