import fc from 'fast-check';
import { smsSize } from './sms-segments';

const gsm = (segments: number) => ({ encoding: 'GSM-7', segments });
const ucs = (segments: number) => ({ encoding: 'UCS-2', segments });

describe('smsSize', () => {
  it.each([
    ['nothing', '', gsm(1)],
    ['a short text', 'Your code is 123456.', gsm(1)],
    ['accents of the basic set', 'Ünlü à la Ñandu: £5, ¿qué? §', gsm(1)],
    ['160 characters', 'a'.repeat(160), gsm(1)],
    ['161 characters', 'a'.repeat(161), gsm(2)],
    ['twice 153', 'a'.repeat(306), gsm(2)],
    ['one more than twice 153', 'a'.repeat(307), gsm(3)],
    ['80 characters of two septets', '€'.repeat(80), gsm(1)],
    ['81 characters of two septets', '€'.repeat(81), gsm(2)],
    ['an extension character as septets 160 and 161', `${'a'.repeat(159)}€`, gsm(2)],
    ['76 extension characters in a part of 153', '['.repeat(152), gsm(2)],
    ['an extension character that would be split at 153', `${'a'.repeat(152)}€${'a'.repeat(152)}`, gsm(3)],
    ['one character outside of the basic set', 'ç', ucs(1)],
    ['a straight text with a curly quote', `${'a'.repeat(69)}’`, ucs(1)],
    ['70 units', 'ж'.repeat(70), ucs(1)],
    ['71 units', 'ж'.repeat(71), ucs(2)],
    ['twice 67', 'ж'.repeat(134), ucs(2)],
    ['one more than twice 67', 'ж'.repeat(135), ucs(3)],
    ['35 surrogate pairs', '😀'.repeat(35), ucs(1)],
    ['36 surrogate pairs', '😀'.repeat(36), ucs(2)],
    ['33 pairs in a part of 67', '😀'.repeat(66), ucs(2)],
    ['a pair that would be split at 67', `${'ж'.repeat(66)}😀${'ж'.repeat(66)}`, ucs(3)],
  ])('%s', (_name, text, size) => {
    expect(smsSize(text)).toEqual(size);
  });

  const text = fc.array(
    fc.constantFrom('a', 'é', ' ', '\n', '€', '{', '|', 'ç', 'ж', '漢', '😀', '\ud83d', '\ude00'),
    {
      maxLength: 400,
    },
  );

  it('never needs fewer segments for more text', () => {
    fc.assert(
      fc.property(text, text, (start, more) => {
        const [short, long] = [smsSize(start.join('')), smsSize([...start, ...more].join(''))];
        expect(long.segments).toBeGreaterThanOrEqual(short.segments);
        if (short.encoding === 'UCS-2') expect(long.encoding).toBe('UCS-2');
      }),
    );
  });

  it('takes what fits and never more than one unit of each part is lost', () => {
    fc.assert(
      fc.property(text, (characters) => {
        const body = characters.join('');
        const { encoding, segments } = smsSize(body);
        const units =
          encoding === 'UCS-2' ? body.length : [...body].reduce((n, c) => n + ('€{|'.includes(c) ? 2 : 1), 0);
        const [single, part] = encoding === 'UCS-2' ? [70, 67] : [160, 153];
        if (segments === 1) expect(units).toBeLessThanOrEqual(single);
        else {
          expect(units).toBeGreaterThan(single);
          expect(units).toBeLessThanOrEqual(segments * part);
          expect(units).toBeGreaterThan((segments - 1) * (part - 1));
        }
      }),
    );
  });
});
