import fc from 'fast-check';
import { matchAddress } from './match-address';

describe('matchAddress', () => {
  it.each([
    ['ada@example.com', 'Ada@Example.com', true],
    ['ada@example.com', 'ada@example.com.evil', false],
    ['*', '', true],
    ['*@example.com', 'ada@example.com', true],
    ['*@example.com', 'ada@example.org', false],
    ['+49151*', '+4915112345678', true],
    ['a*b*c', 'a-b-c', true],
    ['a*b*c', 'a-c', false],
    ['ab*bc', 'abc', false],
    ['/webhook/*/slow', '/webhook/orders/slow', true],
  ])('%s on %s: %s', (pattern, address, expected) => {
    expect(matchAddress(pattern, address)).toBe(expected);
  });

  it('agrees with a regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.', '@'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '@', '*'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, text, (rule, address) => {
        const source = rule.replaceAll('.', '\\.').replaceAll('*', '.*');
        expect(matchAddress(rule, address)).toBe(new RegExp(`^${source}$`, 's').test(address));
      }),
      { numRuns: 2000 },
    );
  });
});
