import fc from 'fast-check';
import { holdsInheritedName } from './inherited-names';

describe('holdsInheritedName', () => {
  it.each([
    '{"__proto__": {"admin": true}}',
    '{"constructor": 1}',
    '{"a": [{"b": {"toString": null}}]}',
    '[[{"hasOwnProperty": 1}]]',
  ])('finds one in %s', (json) => {
    expect(holdsInheritedName(JSON.parse(json))).toBe(true);
  });

  it.each([
    '{"proto": 1}',
    '{"prototype": 1}',
    '["constructor", "__proto__"]',
    '{"a": "toString"}',
    'null',
    '7',
  ])('finds none in %s', (json) => {
    expect(holdsInheritedName(JSON.parse(json))).toBe(false);
  });

  it('finds one wherever it stands', () => {
    const name = fc.constantFrom('constructor', '__proto__', 'valueOf');
    const path = fc.array(fc.oneof(fc.constantFrom('a', 'b'), fc.constant(0)), { maxLength: 40 });
    fc.assert(
      fc.property(name, path, (inherited, steps) => {
        const value = steps.reduceRight<unknown>(
          (child, step) => (step === 0 ? ['x', child] : { other: 1, [step]: child }),
          JSON.parse(`{"${inherited}": 1}`),
        );
        expect(holdsInheritedName(value)).toBe(true);
      }),
    );
  });

  it('takes large and deep values', () => {
    const levels = 100_000;
    expect(holdsInheritedName(JSON.parse(`${'{"a":'.repeat(levels)}{}${'}'.repeat(levels)}`))).toBe(false);
    expect(holdsInheritedName(Array.from({ length: 500_000 }, () => ({})))).toBe(false);
  });
});
