import { Agent } from 'node:http';
import twilio from 'twilio';
import { type CallbackCatcher, catchCallbacks } from '../testing/callback-catcher';
import { ACCOUNT, eventually, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

/** Twilio's own HTTP client, led to another host: the library has no setting for a base URL. */
class RedirectedClient extends twilio.RequestClient {
  constructor(private readonly baseUrl: string) {
    super();
    this.axios.defaults.httpAgent = new Agent({ keepAlive: true });
  }

  override request<T>(options: Parameters<twilio.RequestClient['request']>[0]) {
    const { pathname, search } = new URL(options.uri);
    return super.request<T>({ ...options, uri: this.baseUrl + pathname + search } as never);
  }
}

describe('the Twilio API, seen by the client of Twilio', () => {
  let sandbox: TestSandbox;
  let client: twilio.Twilio;
  let catcher: CallbackCatcher;
  const sms = (more: object = {}) => ({ to: '+4915112345678', from: '+15005550006', body: 'Hi', ...more });
  const create = (more: object = {}) => client.messages.create(sms(more) as never);
  const failure = (more: object = {}) =>
    create(more).then(
      () => undefined,
      (error) => error,
    );
  const statuses = () => catcher.caught.map(({ form }) => form.MessageStatus);
  const clientFor = (token = ACCOUNT.authToken) =>
    twilio(ACCOUNT.sid, token, { httpClient: new RedirectedClient(sandbox.httpUrl) });

  beforeAll(async () => {
    sandbox = await startTestSandbox();
    client = clientFor();
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

  it('accepts a message and keeps it', async () => {
    const message = await create({ body: 'Grüße {1}' });
    expect(message).toMatchObject({
      sid: expect.stringMatching(/^SM[0-9a-f]{32}$/),
      accountSid: ACCOUNT.sid,
      status: 'queued',
      numSegments: '1',
      direction: 'outbound-api',
      errorCode: null,
      dateSent: null,
      uri: `/2010-04-01/Accounts/${ACCOUNT.sid}/Messages/${message.sid}.json`,
    });
    expect(Math.abs(message.dateCreated.getTime() - Date.now())).toBeLessThan(5000);
    expect((await sandbox.messages('channel=sms')).items).toMatchObject([
      {
        channel: 'sms',
        to: '+4915112345678',
        from: '+15005550006',
        subject: null,
        text: 'Grüße {1}',
        html: null,
        sid: message.sid,
        encoding: 'GSM-7',
        units: 11,
        segments: 1,
      },
    ]);
  });

  it('lets a message be fetched, and its status move on', async () => {
    const { sid } = await create();
    const message = await eventually(async () => {
      const fetched = await client.messages(sid).fetch();
      return fetched.status === 'delivered' && fetched;
    });
    expect(message.dateSent).toBeInstanceOf(Date);
    const error = await client
      .messages(`SM${'0'.repeat(32)}`)
      .fetch()
      .catch((reason) => reason);
    expect(error).toMatchObject({ status: 404, code: 20404 });
  });

  it('takes a messaging service in place of a sender', async () => {
    const messagingServiceSid = `MG${'0a'.repeat(16)}`;
    const message = await create({ from: undefined, messagingServiceSid });
    expect(message).toMatchObject({ status: 'accepted', from: null, messagingServiceSid, numSegments: '0' });
    await create({ from: undefined, messagingServiceSid, statusCallback: catcher.url });
    await eventually(() => catcher.caught.length === 2);
    expect(catcher.caught[0]?.form).toMatchObject({ MessagingServiceSid: messagingServiceSid });
    expect(catcher.caught[0]?.form).not.toHaveProperty('From');
  });

  it('posts signed status callbacks', async () => {
    const statusCallback = `${catcher.url}/receipts/1?tenant=demo`;
    const { sid } = await create({ statusCallback });
    await eventually(() => catcher.caught.length === 2);
    expect(statuses().sort()).toEqual(['delivered', 'sent']);
    for (const { url, headers, form } of catcher.caught) {
      expect(form).toEqual({
        AccountSid: ACCOUNT.sid,
        ApiVersion: '2010-04-01',
        From: '+15005550006',
        MessageSid: sid,
        MessageStatus: expect.any(String),
        SmsSid: sid,
        SmsStatus: form.MessageStatus,
        To: '+4915112345678',
      });
      const signature = headers['x-twilio-signature'] ?? '';
      expect(twilio.validateRequest(ACCOUNT.authToken, signature, catcher.url + url, form)).toBe(true);
      expect(twilio.validateRequest('another token', signature, catcher.url + url, form)).toBe(false);
    }
  });

  it('refuses wrong credentials and other accounts', async () => {
    const wrong = await clientFor('wrong')
      .messages.create(sms())
      .catch((error) => error);
    expect(wrong).toMatchObject({ status: 401, code: 20003 });
    const other = await client.api.v2010
      .accounts(`AC${'f'.repeat(32)}`)
      .messages.create(sms())
      .catch((error) => error);
    expect(other).toMatchObject({ status: 404, code: 20404 });
    expect(sandbox.store.size).toBe(0);
  });

  it('checks a message as Twilio does', async () => {
    expect(await failure({ to: '12' })).toMatchObject({
      status: 400,
      code: 21211,
      message: expect.stringContaining('12'),
    });
    expect(await failure({ body: 'x'.repeat(1601) })).toMatchObject({ status: 400, code: 21617 });
  });

  it('finds nothing in a body that is not a form, and takes no more than 1 MiB', async () => {
    const url = `${sandbox.httpUrl}/2010-04-01/Accounts/${ACCOUNT.sid}/Messages.json`;
    const authorization = `Basic ${Buffer.from(`${ACCOUNT.sid}:${ACCOUNT.authToken}`).toString('base64')}`;
    const post = (body: string, type: string) =>
      fetch(url, { method: 'POST', headers: { authorization, 'content-type': type }, body });
    expect(await (await post('{"To":"+49"}', 'application/json')).json()).toMatchObject({ code: 21604 });
    const large = await post(`To=${'x'.repeat(1024 * 1024)}`, 'application/x-www-form-urlencoded');
    expect(large.status).toBe(413);
  });

  describe('misbehaving', () => {
    const behave = (action: object, more: object = {}) => sandbox.behave({ channel: 'sms', action, ...more });

    it('refuses with a Twilio code or an HTTP status', async () => {
      await behave({ type: 'fail', code: 21610 }, { match: { to: '+49*' }, times: 1 });
      expect(await failure()).toMatchObject({ status: 400, code: 21610 });
      await behave({ type: 'fail', code: 503 }, { times: 1 });
      expect(await failure()).toMatchObject({ status: 503, code: 20503 });
      await behave({ type: 'fail', code: 20429, retryAfterSeconds: 7 }, { times: 1 });
      expect(await failure()).toMatchObject({ status: 429, code: 20429 });
      expect(sandbox.store.size).toBe(0);
      await create();
    });

    it('obeys the rules for its door, and not those for another', async () => {
      await behave({ type: 'fail', code: 503 }, { match: { provider: 'vonage' } });
      await create();
      await behave({ type: 'fail', code: 503 }, { match: { provider: 'twilio' }, times: 1 });
      expect(await failure()).toMatchObject({ status: 503 });
      await behave({ type: 'fail', code: 7 }, { times: 1 });
      expect(await failure()).toMatchObject({ status: 500, code: 20500 });
    });

    it('throttles with Retry-After', async () => {
      await behave({ type: 'throttle', perSecond: 0.01, retryAfterSeconds: 2 });
      await create();
      expect(await failure()).toMatchObject({ status: 429, code: 20429 });
    });

    it('drops the connection with the message taken or not', async () => {
      await behave({ type: 'drop' }, { times: 1 });
      expect(await failure()).toMatchObject({ code: 'ECONNRESET' });
      expect(sandbox.store.size).toBe(0);
      await behave({ type: 'drop', at: 'after-data' }, { times: 1 });
      expect(await failure()).toMatchObject({ code: 'ECONNRESET' });
      expect(sandbox.store.size).toBe(1);
    });

    it('answers with something that is not Twilio', async () => {
      await behave({ type: 'garbage' });
      expect(await failure()).toMatchObject({ name: 'SyntaxError' });
      expect(sandbox.store.size).toBe(0);
    });

    it('delays', async () => {
      await behave({ type: 'delay', ms: 120 });
      const before = performance.now();
      await create();
      expect(performance.now() - before).toBeGreaterThanOrEqual(119);
    });

    it('reports a message as undelivered', async () => {
      await behave({ type: 'undelivered', errorCode: 30003 });
      const { sid } = await create({ statusCallback: catcher.url });
      await eventually(() => catcher.caught.length === 2);
      const codes = Object.fromEntries(
        catcher.caught.map(({ form }) => [form.MessageStatus, form.ErrorCode]),
      );
      expect(codes).toEqual({ sent: undefined, undelivered: '30003' });
      expect(await client.messages(sid).fetch()).toMatchObject({ status: 'undelivered', errorCode: 30003 });
    });

    it('reorders and doubles receipts', async () => {
      await behave({ type: 'receipts', mode: 'reordered' }, { times: 1 });
      await create({ statusCallback: catcher.url });
      await eventually(() => catcher.caught.length === 2);
      expect(statuses()).toEqual(['delivered', 'sent']);
      await behave({ type: 'receipts', mode: 'doubled' }, { times: 1 });
      await create({ statusCallback: catcher.url });
      await eventually(() => catcher.caught.length === 6);
      expect(statuses().slice(2).sort()).toEqual(['delivered', 'delivered', 'sent', 'sent']);
    });
  });
});
