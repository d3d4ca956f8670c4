import { generateKeyPairSync } from 'node:crypto';
import { FCM_ACCOUNT, FcmClient, JWT_BEARER } from '../testing/fcm-client';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

let sandbox: TestSandbox;
let fcm: FcmClient;
beforeAll(async () => {
  sandbox = await startTestSandbox({ fcm: FCM_ACCOUNT });
  fcm = new FcmClient(sandbox);
});
afterAll(() => sandbox.stop());

const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const MESSAGE = { token: 'phone-1', notification: { title: 'Hi' } };

describe('access tokens', () => {
  it('are given for an assertion that the account signed', async () => {
    const { status, body } = await fcm.ask({ grant_type: JWT_BEARER, assertion: await fcm.assertion() });
    expect(status).toBe(200);
    expect(body).toEqual({ access_token: expect.any(String), expires_in: 3599, token_type: 'Bearer' });
  });

  it.each([
    ['of another account', { iss: 'x@example.com' }, 'invalid_grant'],
    ['for somebody else', { aud: 'https://oauth2.googleapis.com/token' }, 'invalid_grant'],
    ['that has ended', { iat: 1_000_000, exp: 1_003_600 }, 'invalid_grant'],
    ['that is good for too long', { exp: Math.floor(Date.now() / 1000) + 7300 }, 'invalid_grant'],
    ['without an end', { exp: undefined }, 'invalid_grant'],
    ['for something else', { scope: 'https://www.googleapis.com/auth/drive' }, 'invalid_scope'],
    ['for nothing', { scope: undefined }, 'invalid_scope'],
  ])('are not given for an assertion %s', async (_name, claims, error) => {
    const { status, body } = await fcm.ask({
      grant_type: JWT_BEARER,
      assertion: await fcm.assertion(claims),
    });
    expect({ status, error: body.error }).toEqual({ status: 400, error });
  });

  it('are not given for what a stranger signed, for no assertion, nor for another grant', async () => {
    const forged = await fcm.ask({ grant_type: JWT_BEARER, assertion: await fcm.assertion({}, stranger) });
    expect(forged.body.error).toBe('invalid_grant');
    expect((await fcm.ask({ grant_type: JWT_BEARER, assertion: 'x.y.z' })).body.error).toBe('invalid_grant');
    expect((await fcm.ask({ grant_type: 'password' })).body.error).toBe('unsupported_grant_type');
  });

  it('open nothing when they are unknown or revoked', async () => {
    const token = await fcm.accessToken();
    expect((await fcm.send(MESSAGE, { token })).status).toBe(200);
    sandbox.fcm?.revokeTokens();
    for (const each of [token, 'ya29.made-up']) {
      const { status, body } = await fcm.send(MESSAGE, { token: each });
      expect(status).toBe(401);
      expect(body.error).toMatchObject({ code: 401, status: 'UNAUTHENTICATED' });
      expect(body.error).not.toHaveProperty('details');
    }
  });

  it('open no other project', async () => {
    const { status, body } = await fcm.send(MESSAGE, { project: 'shop-2' });
    expect(status).toBe(403);
    expect(body.error.status).toBe('PERMISSION_DENIED');
  });
});
