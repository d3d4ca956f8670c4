import fc from 'fast-check';
import { consentOf } from './opt-out-keywords';

const NUMBER = '+4915112345678';
const said = (optedOut: boolean, address = NUMBER) => [{ kind: 'consent', address, optedOut }];

const words = {
  out: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'CANCEL', 'END', 'QUIT', 'REVOKE', 'OPTOUT'],
  in: ['START', 'UNSTOP', 'YES'],
};

it.each(words.out)('%s means no more messages', (word) => {
  for (const text of [word, word.toLowerCase(), ` ${word}\r\n`])
    expect(consentOf(NUMBER, text)).toEqual(said(true));
});

it.each(words.in)('%s means messages again', (word) => {
  for (const text of [word, word.toLowerCase(), `\t${word} `])
    expect(consentOf(NUMBER, text)).toEqual(said(false));
});

it.each(['', 'HELP', 'STOP it', 'please stop', 'STOP!', 'ＳＴＯＰ', 'constructor', undefined])(
  'reads nothing out of %j',
  (text) => expect(consentOf(NUMBER, text)).toEqual([]),
);

it('reads nothing out of a sentence, whatever keyword it has', () => {
  const keyword = fc.constantFrom(...words.out, ...words.in);
  fc.assert(
    fc.property(keyword, fc.stringMatching(/^[a-z]{1,10}$/), (word, other) => {
      expect(consentOf(NUMBER, `${word} ${other}`)).toEqual([]);
      expect(consentOf(NUMBER, `${other} ${word}`)).toEqual([]);
    }),
  );
});

it('gives E.164, with or without a plus before', () => {
  expect(consentOf('14843472194', 'stop')).toEqual(said(true, '+14843472194'));
});

it.each(['12345', 'whatsapp:+4915112345678', 'Shop', '', '+0123456789', '+49151123456789012', undefined])(
  'reads nothing from %j, which is no phone number',
  (from) => expect(consentOf(from, 'STOP')).toEqual([]),
);
