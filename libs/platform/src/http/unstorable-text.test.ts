import fc from 'fast-check';
import { mayHoldUnstorableText, unstorableText } from './unstorable-text';

const json = (value: unknown) => Buffer.from(JSON.stringify(value));
const pointersOf = (value: unknown) => unstorableText(value).map((error) => error.pointer);

describe('unstorableText', () => {
  it.each<[unknown, string[]]>([
    [{ a: 'fine', b: ['😀', { c: '\u0001' }] }, []],
    ['\u0000', ['']],
    [{ a: ['x', 'y\u0000'] }, ['/a/1']],
    [{ 'a/b~c': '\ud83d' }, ['/a~1b~0c']],
    [{ a: '\ude00\ud83d' }, ['/a']],
    [{ '\u0000': 1 }, ['/\u0000']],
    [7, []],
    [null, []],
  ])('of %j is at %j', (value, pointers) => {
    expect(pointersOf(value)).toEqual(pointers);
  });

  it('is suspected wherever it is found', () => {
    const odd = fc.constantFrom('\u0000', '\ud83d', '\ude00', 'x', '😀', '\\u0000', '\\', '"');
    const text = fc.array(odd).map((parts) => parts.join(''));
    const value = fc.oneof(
      text,
      fc.array(text),
      fc.dictionary(text, text),
      fc.array(fc.dictionary(text, fc.array(text))),
    );
    fc.assert(
      fc.property(value, (any) => {
        if (unstorableText(any).length > 0) expect(mayHoldUnstorableText(json(any))).toBe(true);
      }),
    );
  });

  it('is also suspected in escapes with capital letters, and not in plain text', () => {
    expect(mayHoldUnstorableText(Buffer.from('"\\uD83D"'))).toBe(true);
    expect(mayHoldUnstorableText(json({ a: 'Grüße 😀', b: 'C:\\users' }))).toBe(false);
  });

  it('names a few places only, however many there are and however deep', () => {
    expect(unstorableText(Array(100_000).fill('\u0000'))).toHaveLength(20);
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level += 1) deep = ['\u0000', deep];
    expect(unstorableText(deep)).toHaveLength(20);
  });
});
