import fc from 'fast-check';
import { smsSegments } from './sms-segments';

describe('smsSegments', () => {
  it.each([
    ['', 'GSM-7', 0, 1],
    ['a'.repeat(160), 'GSM-7', 160, 1],
    ['a'.repeat(161), 'GSM-7', 161, 2],
    ['a'.repeat(306), 'GSM-7', 306, 2],
    ['a'.repeat(307), 'GSM-7', 307, 3],
    ['€'.repeat(80), 'GSM-7', 160, 1],
    ['€'.repeat(81), 'GSM-7', 162, 2],
    ['Grüße, Ä@£', 'GSM-7', 10, 1],
    ['ñ'.repeat(10), 'GSM-7', 10, 1],
    ['ç', 'UCS-2', 1, 1],
    ['щ'.repeat(70), 'UCS-2', 70, 1],
    ['щ'.repeat(71), 'UCS-2', 71, 2],
    ['🎉', 'UCS-2', 2, 1],
    ['🎉'.repeat(35), 'UCS-2', 70, 1],
    // 33 pairs fill a part of 67 units, as the 34th does not fit whole.
    ['🎉'.repeat(67), 'UCS-2', 134, 3],
  ])('%#: %s', (text, encoding, units, segments) => {
    expect(smsSegments(text)).toEqual({ encoding, units, segments });
  });

  it('does not split an escaped character between parts', () => {
    expect(smsSegments(`${'a'.repeat(152)}€${'a'.repeat(152)}`)).toMatchObject({ units: 306, segments: 3 });
  });

  it('never needs fewer parts than the units fill, and at most one more for each part boundary', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '€', '{', 'щ', '🎉'), maxLength: 400 }), (text) => {
        const { encoding, units, segments } = smsSegments(text);
        const part = encoding === 'GSM-7' ? 153 : 67;
        const single = encoding === 'GSM-7' ? 160 : 70;
        if (units <= single) expect(segments).toBe(1);
        else {
          expect(segments).toBeGreaterThanOrEqual(Math.ceil(units / part));
          expect(segments).toBeLessThanOrEqual(Math.ceil(units / (part - 1)));
        }
      }),
    );
  });
});
