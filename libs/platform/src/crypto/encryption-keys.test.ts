import { generateEncryptionKey, parseEncryptionKeys } from './encryption-keys';

describe('parseEncryptionKeys', () => {
  it('reads a comma separated list in order', () => {
    const list = `${generateEncryptionKey('one')}, ${generateEncryptionKey('two')}`;
    expect(parseEncryptionKeys(list).map((k) => [k.id, k.key.length])).toEqual([
      ['one', 32],
      ['two', 32],
    ]);
  });

  it.each([
    ['', 'no encryption key'],
    ['nocolon', 'key 1 has no id'],
    ['a b:AAAA', 'key 1 has no id'],
    [`a:${Buffer.alloc(31).toString('base64')}`, '"a" is not base64 of 32 bytes'],
    [`a:${Buffer.alloc(32).toString('base64').replace('A', '!')}`, '"a" is not base64 of 32 bytes'],
  ])('refuses %j', (list, message) => {
    expect(() => parseEncryptionKeys(list)).toThrow(message);
  });

  it('refuses a repeated id and never shows a key', () => {
    const key = generateEncryptionKey('a');
    expect(() => parseEncryptionKeys([key, key])).toThrow('same id');
    const secret = `${key.slice(2)}x`;
    expect(() => parseEncryptionKeys(`a:${secret}`)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  });
});
