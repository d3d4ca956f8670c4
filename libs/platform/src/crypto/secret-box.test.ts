import fc from 'fast-check';
import { generateEncryptionKey, parseEncryptionKeys } from './encryption-keys';
import { SecretBox, SecretBoxError } from './secret-box';

const keysOf = (...ids: string[]) => parseEncryptionKeys(ids.map((id) => generateEncryptionKey(id)));

describe('SecretBox', () => {
  it('opens what it sealed, in the same context', () => {
    const box = new SecretBox(keysOf('a'));
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, context) => {
        // Lone surrogates have no UTF-8 form; everything else must come back as it was.
        fc.pre(Buffer.from(text).toString() === text);
        expect(box.open(box.seal(text, context), context)).toBe(text);
      }),
    );
  });

  it('seals objects as JSON and never twice alike', () => {
    const box = new SecretBox(keysOf('a'));
    const envelope = box.seal({ token: 'x' }, 'providers:1');
    expect(JSON.parse(box.open(envelope, 'providers:1'))).toEqual({ token: 'x' });
    expect(box.seal({ token: 'x' }, 'providers:1')).not.toBe(envelope);
    expect(envelope).toMatch(/^v1\.a\.[\w-]{16}\.[\w-]{22}\.[\w-]+$/);
  });

  it('refuses another context and every changed character', () => {
    const box = new SecretBox(keysOf('a'));
    const envelope = box.seal('the secret', 'row:1');
    expect(() => box.open(envelope, 'row:2')).toThrow(SecretBoxError);
    const bodyStart = 'v1.a.'.length;
    for (let i = bodyStart; i < envelope.length; i++) {
      const flipped = envelope[i] === 'A' ? 'B' : 'A';
      const changed = envelope.slice(0, i) + flipped + envelope.slice(i + 1);
      // The last character of a part may hold padding bits: only a change of bytes has to be noticed.
      if (bytesOf(changed).equals(bytesOf(envelope))) continue;
      expect(() => box.open(changed, 'row:1')).toThrow(SecretBoxError);
    }
  });

  it('refuses shortened tags, foreign versions and text that is no envelope', () => {
    const box = new SecretBox(keysOf('a'));
    const [version, id, iv, tag, text] = box.seal('x').split('.') as [string, string, string, string, string];
    for (const bad of [
      '',
      'plain text',
      [version, id, iv, tag.slice(0, 6), text].join('.'),
      ['v2', id, iv, tag, text].join('.'),
      [version, id, iv, tag].join('.'),
      [version, id, iv, tag, text, 'more'].join('.'),
    ]) {
      expect(() => box.open(bad)).toThrow(SecretBoxError);
    }
  });

  it('rotates: the first key seals, older ones still open', () => {
    const [older, newer] = keysOf('older', 'newer');
    const before = new SecretBox([older!]).seal('x', 'c');
    const rotating = new SecretBox([newer!, older!]);
    expect(rotating.open(before, 'c')).toBe('x');
    expect(rotating.needsRotation(before)).toBe(true);
    const after = rotating.seal('x', 'c');
    expect(rotating.needsRotation(after)).toBe(false);
    expect(() => new SecretBox([older!]).open(after, 'c')).toThrow(
      'the key "newer", which is not configured',
    );
  });

  it('binds the key id: relabelling an envelope does not open it', () => {
    const { key } = keysOf('a')[0]!;
    const box = new SecretBox([
      { id: 'a', key },
      { id: 'b', key },
    ]);
    expect(() => box.open(box.seal('x').replace('v1.a.', 'v1.b.'))).toThrow(SecretBoxError);
  });
});

function bytesOf(envelope: string): Buffer {
  return Buffer.concat(envelope.split('.').map((part) => Buffer.from(part, 'base64url')));
}
