import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { FCM_ACCOUNT, FcmClient, JWT_BEARER } from '../testing/fcm-client';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
let sandbox: TestSandbox;
let fcm: FcmClient;
beforeAll(async () => {
  const privateKey = keys.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
  sandbox = await startTestSandbox({ fcm: { ...FCM_ACCOUNT, privateKey } });
  fcm = new FcmClient(sandbox);
});
afterAll(() => sandbox.stop());

describe('the service account', () => {
  it('can be fetched as the file that a person downloads, and opens the API', async () => {
    const file = await (await fetch(`${sandbox.httpUrl}/fcm/service-account.json`)).json();
    expect(file).toMatchObject({
      type: 'service_account',
      project_id: 'shop-1',
      client_email: FCM_ACCOUNT.clientEmail,
    });
    expect(file).toMatchObject({ token_uri: fcm.tokenUri });
    expect(JSON.parse(sandbox.fcm?.serviceAccount() ?? '')).toEqual(file);
    const key = createPrivateKey((file as { private_key: string }).private_key);
    expect((await fcm.ask({ grant_type: JWT_BEARER, assertion: await fcm.assertion({}, key) })).status).toBe(
      200,
    );
  });

  it('has a key of its own at each start unless it is given one', async () => {
    const another = await startTestSandbox({ fcm: FCM_ACCOUNT });
    const { private_key: pem } = JSON.parse(another.fcm?.serviceAccount() ?? '') as { private_key: string };
    await another.stop();
    const own = keys.privateKey.export({ format: 'pem', type: 'pkcs8' });
    expect(createPrivateKey(pem).asymmetricKeyDetails?.modulusLength).toBe(2048);
    expect(pem).not.toBe(own);
    expect(JSON.parse(sandbox.fcm?.serviceAccount() ?? '')).toMatchObject({ private_key: own });
  });

  it('is refused with a key of another kind', async () => {
    const ec = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const privateKey = ec.privateKey.export({ format: 'der', type: 'pkcs8' }).toString('base64');
    await expect(startTestSandbox({ fcm: { ...FCM_ACCOUNT, privateKey } })).rejects.toThrow('RSA');
  });

  it('is the only way in: without one there is no FCM', async () => {
    const without = await startTestSandbox();
    expect((await fetch(`${without.httpUrl}/fcm/service-account.json`)).status).toBe(404);
    expect(without.fcm).toBeUndefined();
    await without.stop();
  });
});
