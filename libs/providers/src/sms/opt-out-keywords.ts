import { type Receipt } from '@herald/delivery';

/**
 * What a recipient answers to hear no more, or to hear again: the words that carriers and both vendors take in North
 * America (https://help.twilio.com/articles/223134027). A whole message is such a word, whatever its case, or it is none.
 */
const STOP = new Set(['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT']);
const START = new Set(['START', 'UNSTOP', 'YES']);

const MSISDN = /^\+?([1-9]\d{6,14})$/;

/**
 * What an inbound message says of its sender's consent; nothing for any other text, and for a sender that is no phone
 * number (a short code, `whatsapp:+49…`).
 * @param from with or without the plus of E.164
 * @param at when it was said, where the provider tells
 */
export function consentOf(from: string | undefined, text: string | undefined, at?: Date): Receipt[] {
  const word = text?.trim().toUpperCase() ?? '';
  const number = MSISDN.exec(from ?? '')?.[1];
  if (!number || !(STOP.has(word) || START.has(word))) return [];
  return [{ kind: 'consent', address: `+${number}`, optedOut: STOP.has(word), ...(at && { at }) }];
}
