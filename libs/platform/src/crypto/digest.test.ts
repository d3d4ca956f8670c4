import fc from 'fast-check';
import { equalConstantTime, hmacToken, sha256, verifyHmacToken } from './digest';

describe('digests and tokens', () => {
  it('knows SHA-256', () => {
    expect(sha256('abc').toString('hex')).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('compares texts of any length', () => {
    expect(equalConstantTime('same', Buffer.from('same'))).toBe(true);
    expect(equalConstantTime('same', 'samf')).toBe(false);
    expect(equalConstantTime('same', 'same but longer')).toBe(false);
  });

  it('makes tokens that hold for exactly their secret and parts', () => {
    const token = hmacToken('s', 'ab', 'c');
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(verifyHmacToken('s', token, 'ab', 'c')).toBe(true);
    expect(verifyHmacToken('s', token, 'a', 'bc')).toBe(false);
    expect(verifyHmacToken('s', token, 'ab', 'c', '')).toBe(false);
    expect(verifyHmacToken('t', token, 'ab', 'c')).toBe(false);
    expect(verifyHmacToken('s', `${token}x`, 'ab', 'c')).toBe(false);
  });

  it('never gives one token to two lists of parts', () => {
    const parts = fc.array(fc.string(), { maxLength: 4 });
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        fc.pre(JSON.stringify(a) !== JSON.stringify(b));
        expect(hmacToken('s', ...a)).not.toBe(hmacToken('s', ...b));
      }),
    );
  });
});
