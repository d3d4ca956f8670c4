import { type CallbackCatcher, catchCallbacks } from '../testing/callback-catcher';
import {
  eventually,
  postJson,
  startTestSandbox,
  type TestSandbox,
  VONAGE_ACCOUNT,
} from '../testing/test-sandbox';

const { apiKey, apiSecret } = VONAGE_ACCOUNT;

describe('the Vonage API', () => {
  let sandbox: TestSandbox;
  let catcher: CallbackCatcher;
  const sms = (more: object = {}) => ({
    api_key: apiKey,
    api_secret: apiSecret,
    from: 'Shop',
    to: '4915112345678',
    text: 'Hi',
    ...more,
  });
  const url = () => `${sandbox.httpUrl}/vonage/sms/json`;
  const postForm = (fields: Record<string, string>) =>
    fetch(url(), { method: 'POST', body: new URLSearchParams(fields) });
  // biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
  const submit = async (more: object = {}): Promise<any> => (await postJson(url(), sms(more))).json();
  const statusOf = async (more: object = {}) => (await submit(more)).messages[0].status;
  const caught = () => catcher.caught.map(({ body }) => JSON.parse(body) as Record<string, string>);

  beforeAll(async () => {
    sandbox = await startTestSandbox();
  });
  beforeEach(async () => {
    catcher = await catchCallbacks();
  });
  afterEach(async () => {
    sandbox.store.clear();
    sandbox.behaviours.clear();
    await catcher.stop();
  });
  afterAll(() => sandbox.stop());

  it('accepts a message, as a form and as JSON, and keeps it', async () => {
    for (const answer of [await (await postForm(sms())).json(), await submit()]) {
      expect(answer).toEqual({
        'message-count': '1',
        messages: [
          {
            to: '4915112345678',
            'message-id': expect.stringMatching(/^[0-9A-F]{16}$/),
            status: '0',
            'remaining-balance': expect.any(String),
            'message-price': expect.any(String),
            network: '26201',
          },
        ],
      });
    }
    const { items } = await sandbox.messages('channel=sms&to=%2B4915112345678');
    expect(items).toHaveLength(2);
    expect(items[0]).toMatchObject({ from: 'Shop', to: '+4915112345678', text: 'Hi', segments: 1 });
  });

  it('answers for each part', async () => {
    const answer = await submit({ text: 'ä'.repeat(161) });
    expect(answer['message-count']).toBe('2');
    expect(new Set(answer.messages.map((part: Record<string, string>) => part['message-id'])).size).toBe(2);
  });

  it('shows what a phone shows of a text that was not declared as unicode', async () => {
    await submit({ text: 'Grüße „x“ 🎉' });
    await submit({ text: 'Grüße „x“ 🎉', type: 'unicode' });
    const { items } = await sandbox.messages('channel=sms');
    expect(items.map(({ text }) => text)).toEqual(['Grüße „x“ 🎉', 'Grüße ?x? ?']);
  });

  it.each([
    ['2', { api_key: undefined, api_secret: undefined }],
    ['4', { api_secret: 'wrong' }],
    ['4', { api_key: 'unknown1' }],
    ['2', { to: '' }],
    ['3', { to: '+4915112345678' }],
    ['3', { from: 'A much too long name' }],
    ['12', { text: 'x'.repeat(3201) }],
    ['23', { callback: 'edge.example.com' }],
  ])('refuses with status %s: %j', async (status, more) => {
    expect(await statusOf(more)).toBe(status);
    expect(sandbox.store.size).toBe(0);
  });

  it('has no other path, and takes no more than 1 MiB and no broken JSON', async () => {
    expect((await fetch(url())).status).toBe(404);
    expect((await postForm({ ...sms(), text: 'x'.repeat(1024 * 1024) })).status).toBe(413);
    const broken = await fetch(url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect(await broken.json()).toMatchObject({ messages: [{ status: '2' }] });
  });

  it('posts signed receipts for each part', async () => {
    const answer = await submit({ text: 'ä'.repeat(161), callback: catcher.url, 'client-ref': 'd1' });
    await eventually(() => catcher.caught.length === 4);
    const ids = answer.messages.map((part: Record<string, string>) => part['message-id']);
    for (const id of ids) {
      const statuses = caught().flatMap((each) => (each.messageId === id ? each.status : []));
      expect(statuses.sort()).toEqual(['accepted', 'delivered']);
    }
    expect(caught()[0]).toEqual({
      msisdn: '4915112345678',
      to: 'Shop',
      'network-code': '26201',
      messageId: expect.any(String),
      price: expect.any(String),
      status: 'accepted',
      scts: expect.stringMatching(/^\d{10}$/),
      'err-code': '0',
      'api-key': apiKey,
      'client-ref': 'd1',
      'message-timestamp': expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/),
      timestamp: expect.stringMatching(/^\d{10}$/),
      nonce: expect.any(String),
      sig: expect.stringMatching(/^[0-9A-F]{64}$/),
    });
  });

  describe('misbehaving', () => {
    const behave = (action: object, more: object = {}) => sandbox.behave({ channel: 'sms', action, ...more });

    it('refuses with a status of Vonage or of HTTP', async () => {
      await behave({ type: 'fail', code: 7 }, { match: { to: '+49*' }, times: 1 });
      expect(await statusOf()).toBe('7');
      await behave({ type: 'fail', code: 503, retryAfterSeconds: 7 }, { times: 1 });
      const response = await postJson(url(), sms());
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '7']);
      await behave({ type: 'fail', code: 21610 }, { times: 1 });
      expect(await statusOf()).toBe('5');
      expect(sandbox.store.size).toBe(0);
      expect(await statusOf()).toBe('0');
    });

    it('obeys the rules for its door, and not those for another', async () => {
      await behave({ type: 'fail', code: 503 }, { match: { provider: 'twilio' } });
      expect(await statusOf()).toBe('0');
      await behave({ type: 'fail', code: 9 }, { match: { provider: 'vonage' } });
      expect(await statusOf()).toBe('9');
    });

    it('throttles', async () => {
      await behave({ type: 'throttle', perSecond: 0.01 });
      expect([await statusOf(), await statusOf()]).toEqual(['0', '1']);
    });

    it('drops the connection with the message taken or not, and answers garbage', async () => {
      await behave({ type: 'drop' }, { times: 1 });
      await expect(submit()).rejects.toThrow();
      expect(sandbox.store.size).toBe(0);
      await behave({ type: 'drop', at: 'after-data' }, { times: 1 });
      await expect(submit()).rejects.toThrow();
      expect(sandbox.store.size).toBe(1);
      await behave({ type: 'garbage' }, { times: 1 });
      await expect(submit()).rejects.toThrow('is not valid JSON');
    });

    it('reports a message as undelivered, and doubles receipts', async () => {
      await behave({ type: 'undelivered', errorCode: 6 }, { times: 1 });
      await behave({ type: 'receipts', mode: 'doubled' }, { times: 1 });
      await submit({ callback: catcher.url });
      await eventually(() => catcher.caught.length === 4);
      const codes = caught().map(({ status, 'err-code': code }) => `${status} ${code}`);
      expect(codes.sort()).toEqual(['accepted 0', 'accepted 0', 'failed 6', 'failed 6']);
      const { items } = await sandbox.messages('channel=sms');
      expect(items[0]).toMatchObject({ status: 'failed', errorCode: 6, errorMessage: 'Anti-spam rejection' });
    });
  });
});
