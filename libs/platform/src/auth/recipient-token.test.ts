import { hkdfSync } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { generateEncryptionKey, parseEncryptionKeys } from '../crypto/encryption-keys';
import { signRecipientToken, verifyRecipientToken } from './recipient-token';

const [oldKey, newKey, other] = ['old', 'new', 'other'].map(
  (id) => parseEncryptionKeys(generateEncryptionKey(id))[0]!,
);
const OWNER = { tenantId: '01900000-0000-7000-8000-000000000001', recipient: 'user_42' };
const sign = (keys = [oldKey!], over: object = {}) =>
  signRecipientToken(keys, { ...OWNER, ttlSeconds: 3600, ...over });
const verify = (token: string, keys = [oldKey!]) => verifyRecipientToken(keys, token);
const INVALID = { ok: false, reason: 'invalid' };

it('opens the feed that it was signed for, until it expires', async () => {
  const { token, expiresAt } = await sign();
  expect(await verify(token)).toEqual({ ok: true, ...OWNER, expiresAt });
  expect(Math.abs(expiresAt.getTime() - Date.now() - 3_600_000)).toBeLessThan(5000);
  const expired = await sign([oldKey!], { ttlSeconds: -1 });
  expect(await verify(expired.token)).toEqual({ ok: false, reason: 'expired' });
});

it('is a JWT that says only what it must', async () => {
  const { token } = await sign();
  expect(decodeProtectedHeader(token)).toEqual({ alg: 'HS256', kid: 'old' });
  expect(decodeJwt(token)).toEqual({
    iss: 'herald',
    aud: 'feed',
    sub: 'user_42',
    tid: OWNER.tenantId,
    iat: expect.any(Number),
    exp: expect.any(Number),
  });
});

it('lives through a rotation of the keys until the old one is dropped', async () => {
  const before = await sign([oldKey!]);
  const after = await sign([newKey!, oldKey!]);
  expect(decodeProtectedHeader(after.token).kid).toBe('new');
  for (const { token } of [before, after]) {
    expect(await verify(token, [newKey!, oldKey!])).toMatchObject({ ok: true, ...OWNER });
  }
  expect(await verify(before.token, [newKey!])).toEqual(INVALID);
  expect(await verify(after.token, [newKey!])).toMatchObject({ ok: true });
});

it('does not open what was changed, or signed by someone else', async () => {
  const { token } = await sign();
  const [header, , signature] = token.split('.') as [string, string, string];
  const stranger = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: 'user_43' })).toString('base64url');
  const unsigned = Buffer.from(JSON.stringify({ alg: 'none', kid: 'old' })).toString('base64url');
  const foreign = await sign([{ ...other!, id: 'old' }]);
  const wrong = [
    `${header}.${stranger}.${signature}`,
    `${unsigned}.${token.split('.')[1]}.`,
    foreign.token,
    token.slice(0, -4),
    `${token}.x`,
    '',
    'x',
    `hk_live_${'a'.repeat(40)}`,
  ];
  for (const text of wrong) expect(await verify(text)).toEqual(INVALID);
});

it('is signed with a key of its own, and only that one', async () => {
  const claims = decodeJwt((await sign()).token);
  const signed = (payload: object, key: Uint8Array) =>
    new SignJWT({ ...payload }).setProtectedHeader({ alg: 'HS256', kid: 'old' }).sign(key);
  const derived = new Uint8Array(hkdfSync('sha256', oldKey!.key, '', 'herald recipient token', 32));
  expect(await verify(await signed(claims, derived))).toMatchObject({ ok: true, ...OWNER });
  expect(await verify(await signed(claims, oldKey!.key))).toEqual(INVALID);
  for (const claim of ['sub', 'tid', 'iat', 'exp', 'aud', 'iss'] as const) {
    const { [claim]: _left, ...rest } = claims;
    expect(await verify(await signed(rest, derived))).toEqual(INVALID);
  }
  for (const wrong of [{ aud: 'other' }, { iss: 'other' }, { tid: 5 }, { sub: 5 }]) {
    expect(await verify(await signed({ ...claims, ...wrong }, derived))).toEqual(INVALID);
  }
});

it('needs a key', async () => {
  await expect(sign([])).rejects.toThrow('needs a key');
  expect(await verify((await sign()).token, [])).toEqual(INVALID);
});
