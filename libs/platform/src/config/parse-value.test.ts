import fc from 'fast-check';
import { parseValue } from './parse-value';

describe('parseValue', () => {
  it.each(['', '12abc', '0x10', '1e3', '1,5', 'NaN', 'Infinity', '--1', '1.'])(
    'refuses the number %j',
    (text) => {
      expect(parseValue('number', text)).toBeUndefined();
    },
  );

  it('reads every decimal number back', () => {
    fc.assert(fc.property(fc.integer(), (n) => expect(parseValue('number', String(n))).toBe(n)));
    expect(parseValue('number', ' 2.50 ')).toBe(2.5);
  });

  it('knows booleans by name and nothing else', () => {
    expect(['true', '1', 'YES', 'false', '0', 'no'].map((t) => parseValue('boolean', t))).toEqual([
      true,
      true,
      true,
      false,
      false,
      false,
    ]);
    for (const text of ['on', '2', 'constructor', '']) expect(parseValue('boolean', text)).toBeUndefined();
  });
});
