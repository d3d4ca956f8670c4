import { generateKeyPairSync } from 'node:crypto';
import { eventSigner } from './event-signer';

describe('eventSigner', () => {
  it('has a key of its own, or the one that it was given', () => {
    expect(eventSigner().publicKey).not.toBe(eventSigner().publicKey);
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const given = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    const shown = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
    expect(eventSigner(given).publicKey).toBe(shown);
  });

  it('refuses a key of another curve, and what is no key', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'secp384r1' });
    const other = privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    expect(() => eventSigner(other)).toThrow('P-256');
    expect(() => eventSigner('aGVyYWxk')).toThrow();
  });
});
