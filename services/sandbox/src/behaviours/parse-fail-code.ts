import type { DisturbedChannel } from './behaviour';

export type FailCode = { ok: true; code: number; enhanced?: string } | { ok: false; wanted: string };

const WANTED: Record<DisturbedChannel | '*', string> = {
  email:
    'an SMTP reply code from 400 to 599 such as 451 or "550 5.1.1" (or an enhanced status alone: "5.1.1")',
  sms: 'a Twilio error code of five digits such as 21211 or 20429, a Vonage status from 1 to 99, or an HTTP status from 400 to 599',
  push: 'an HTTP status from 400 to 599',
  webpush: 'an HTTP status from 400 to 599',
  webhook: 'an HTTP status from 200 to 599',
  '*': 'a code from 500 to 599, which every channel understands; for others name one channel',
};

const SMTP_CODE = /^([45]\d\d)(?:[ -]([45]\.\d{1,3}\.\d{1,3}))?$/;
const ENHANCED = /^([45])\.\d{1,3}\.\d{1,3}$/;

/** Reads the `code` of a `fail` action: a number or a text, in the terms of its channel. */
export function parseFailCode(channel: DisturbedChannel | '*', value: unknown): FailCode {
  const refused = { ok: false, wanted: `must be ${WANTED[channel]}` } as const;
  if (typeof value !== 'number' && typeof value !== 'string') return refused;
  const text = String(value);
  if (channel === 'email') return parseSmtpCode(text) ?? refused;
  const code = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  const within = (min: number, max: number): boolean => code >= min && code <= max;
  const fits = {
    sms: within(1, 99) || within(400, 599) || within(10_000, 99_999),
    push: within(400, 599),
    webpush: within(400, 599),
    webhook: within(200, 599),
    '*': within(500, 599),
  }[channel];
  return fits ? { ok: true, code } : refused;
}

function parseSmtpCode(text: string): FailCode | undefined {
  const alone = ENHANCED.exec(text);
  if (alone) return { ok: true, code: alone[1] === '4' ? 451 : 550, enhanced: text };
  const [, reply, enhanced] = SMTP_CODE.exec(text) ?? [];
  if (reply === undefined || (enhanced !== undefined && enhanced[0] !== reply[0])) return undefined;
  return enhanced === undefined
    ? { ok: true, code: Number(reply) }
    : { ok: true, code: Number(reply), enhanced };
}
