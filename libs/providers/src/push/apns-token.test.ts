import { generateKeyPairSync } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { isApnsKey, ProviderTokens } from './apns-token';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
const MINUTE = 60_000;

let now = 0;
let tokens: ProviderTokens;
beforeEach(() => {
  now = Date.UTC(2030, 0, 1);
  tokens = new ProviderTokens({
    keyId: '2X9R4HXF34',
    teamId: '8YL3GNV826',
    privateKey: pem,
    now: () => now,
  });
});

async function replaced(token: string): Promise<string> {
  const replacement = await tokens.replace(token);
  if (replacement === undefined) throw new Error('not replaced');
  return replacement;
}

it('is signed with the key and says whose and how old it is', async () => {
  const token = await tokens.current();
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: '2X9R4HXF34' });
  const { payload } = await jwtVerify(token, publicKey);
  expect(payload).toEqual({ iss: '8YL3GNV826', iat: now / 1000 });
});

it('is the same for all until it is nearly an hour old', async () => {
  const [first, second] = await Promise.all([tokens.current(), tokens.current()]);
  expect(second).toBe(first);
  now += 50 * MINUTE - 1;
  expect(await tokens.current()).toBe(first);
  now += 1;
  const next = await tokens.current();
  expect(next).not.toBe(first);
  expect((await jwtVerify(next, publicKey)).payload.iat).toBe(now / 1000);
});

it('is replaced when APNs calls it expired, once for all whose request it was on', async () => {
  const first = await tokens.current();
  const replacements = await Promise.all([tokens.replace(first), tokens.replace(first)]);
  expect(new Set(replacements)).toEqual(new Set([await tokens.current()]));
  expect(await tokens.replace(first)).toBe(await tokens.current());
  expect(await tokens.current()).not.toBe(first);
});

it('is not replaced again before APNs allows a new one', async () => {
  const second = await replaced(await tokens.current());
  now += 20 * MINUTE - 1;
  expect(await tokens.replace(second)).toBeUndefined();
  now += 1;
  expect(await replaced(second)).not.toBe(second);
});

it.each([
  ['a P-256 key', pem, true],
  ['a public key', publicKey.export({ format: 'pem', type: 'spki' }).toString(), false],
  [
    'an RSA key',
    generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ format: 'pem', type: 'pkcs8' })
      .toString(),
    false,
  ],
  ['nothing', '', false],
])('tells whether Apple could have made a key: %s', (_name, text, expected) => {
  expect(isApnsKey(text)).toBe(expected);
});
