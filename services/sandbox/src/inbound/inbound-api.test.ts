import { validateRequest } from 'twilio';
import { type CallbackCatcher, catchCallbacks } from '../testing/callback-catcher';
import { ACCOUNT, eventually, postJson, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

let sandbox: TestSandbox;
let catcher: CallbackCatcher;
beforeAll(async () => {
  sandbox = await startTestSandbox();
  catcher = await catchCallbacks();
});
afterEach(() => {
  catcher.caught.length = 0;
});
afterAll(async () => {
  await sandbox.stop();
  await catcher.stop();
});

const say = (more: object) =>
  postJson(`${sandbox.httpUrl}/inbound`, {
    provider: 'twilio',
    from: '+4915112345678',
    text: 'Stop it',
    url: `${catcher.url}/v1/receipts/p1`,
    ...more,
  });

it('posts what somebody wrote as Twilio does', async () => {
  expect((await say({})).status).toBe(202);
  const [first] = await eventually(() => catcher.caught.length === 1 && catcher.caught);
  expect(first?.form).toMatchObject({ From: '+4915112345678', Body: 'Stop it', SmsStatus: 'received' });
  const signature = first?.headers['x-twilio-signature'] ?? '';
  expect(
    validateRequest(ACCOUNT.authToken, signature, `${catcher.url}/v1/receipts/p1`, first?.form ?? {}),
  ).toBe(true);
});

it('posts what somebody wrote as Vonage does', async () => {
  expect((await say({ provider: 'vonage', to: '+447700900000' })).status).toBe(202);
  const [first] = await eventually(() => catcher.caught.length === 1 && catcher.caught);
  expect(JSON.parse(first?.body ?? '')).toMatchObject({
    msisdn: '4915112345678',
    to: '447700900000',
    text: 'Stop it',
    keyword: 'STOP',
    sig: expect.stringMatching(/^[0-9A-F]{64}$/),
  });
});

it.each([
  [{ provider: 'pigeon' }, ['/provider']],
  [{ from: '12345' }, ['/from']],
  [{ text: undefined, url: 'ftp://x', more: 1 }, ['/more', '/text', '/url']],
])('names what is wrong with %j', async (more, pointers) => {
  const response = await say(more);
  expect(response.status).toBe(422);
  const { errors } = (await response.json()) as { errors: { pointer: string }[] };
  expect(errors.map(({ pointer }) => pointer)).toEqual(pointers);
});

it('says that there is no account', async () => {
  const bare = await startTestSandbox({ vonage: undefined });
  const response = await postJson(`${bare.httpUrl}/inbound`, {
    provider: 'vonage',
    from: '+4915112345678',
    text: 'STOP',
    url: catcher.url,
  });
  expect(response.status).toBe(404);
  await bare.stop();
});
