import { Webhook } from 'standardwebhooks';
import { startTestSandbox, type TestSandbox, WEBHOOK_SECRET } from '../testing/test-sandbox';

const OTHER_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;

describe('the webhook receiver', () => {
  let sandbox: TestSandbox;
  let secrets: string[] = [];
  const body = JSON.stringify({ order: 42, name: 'Grüße ✓' });
  const signed = (secret: string, at = new Date(), text = body) => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', at, text),
  });
  const post = (path = '/webhook', headers: Record<string, string> = {}, text: string = body) =>
    fetch(sandbox.httpUrl + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: text,
      redirect: 'manual',
    });
  const latest = async () => (await sandbox.messages()).items[0];

  beforeAll(async () => {
    sandbox = await startTestSandbox({ webhookSecrets: async () => secrets });
  });
  beforeEach(() => {
    secrets = [OTHER_SECRET, WEBHOOK_SECRET];
    sandbox.store.clear();
    sandbox.behaviours.clear();
  });
  afterAll(() => sandbox.stop());

  it('keeps a signed request', async () => {
    const response = await post('/webhook/orders?a=1', signed(WEBHOOK_SECRET));
    expect(response.status).toBe(204);
    expect(await latest()).toMatchObject({
      channel: 'webhook',
      to: `${sandbox.httpUrl}/webhook/orders?a=1`,
      method: 'POST',
      path: '/webhook/orders?a=1',
      text: body,
      json: { order: 42, name: 'Grüße ✓' },
      headers: { 'webhook-id': 'msg_1' },
      signature: { verified: true, reason: null },
      subject: null,
      html: null,
    });
  });

  it('verifies a request that carries the signatures of two secrets', async () => {
    const at = new Date();
    const both = `${signed('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', at)['webhook-signature']} ${signed(WEBHOOK_SECRET, at)['webhook-signature']}`;
    await post('/webhook', { ...signed(WEBHOOK_SECRET, at), 'webhook-signature': both });
    expect((await latest()).signature).toEqual({ verified: true, reason: null });
  });

  it('says why a signature does not hold, and accepts all the same', async () => {
    const reasonOf = async (headers: Record<string, string>) => {
      expect((await post('/webhook', headers)).status).toBe(204);
      const { signature } = await latest();
      expect(signature.verified).toBe(false);
      return signature.reason;
    };
    expect(await reasonOf({})).toBe('missing webhook-id, webhook-timestamp, webhook-signature');
    expect(await reasonOf(signed(WEBHOOK_SECRET, new Date(), 'another body'))).toMatch(
      /no matching signature/i,
    );
    expect(await reasonOf(signed(WEBHOOK_SECRET, new Date(Date.now() - 3_600_000)))).toMatch(/too old/i);
    secrets = ['whsec_!!'];
    expect(await reasonOf(signed(WEBHOOK_SECRET))).toBe('an accepted secret is not a whsec_ secret');
    secrets = [];
    expect(await reasonOf(signed(WEBHOOK_SECRET))).toBe('the sandbox knows no secret to check with');
  });

  it('keeps what is not JSON', async () => {
    await post('/webhook', { 'content-type': 'text/plain' }, 'hello');
    expect(await latest()).toMatchObject({ text: 'hello', json: null });
  });

  it('is not brought down by JSON that is nested absurdly', async () => {
    const deep = `["${']'.repeat(9000)}",${'['.repeat(100_000)}${']'.repeat(100_000)}]`;
    await post('/webhook', {}, deep);
    expect(await latest()).toMatchObject({ text: deep, json: null });
    const flat = JSON.stringify(['[{'.repeat(100_000), '\\"[']);
    await post('/webhook', {}, flat);
    expect((await latest()).json).toEqual(JSON.parse(flat));
  });

  it('takes POST only, under its path only, and no more than 1 MiB', async () => {
    expect((await fetch(`${sandbox.httpUrl}/webhook`)).status).toBe(405);
    expect((await post('/webhooks')).status).toBe(404);
    const large = await post('/webhook', {}, 'x'.repeat(1024 * 1024 + 1));
    expect(large.status).toBe(413);
    expect(large.headers.get('content-type')).toBe('application/problem+json');
    expect(sandbox.store.size).toBe(0);
  });

  describe('misbehaving', () => {
    const behave = (action: object, more: object = {}) =>
      sandbox.behave({ channel: 'webhook', action, ...more });

    it('fails one path with a status and Retry-After', async () => {
      await behave({ type: 'fail', code: 503, retryAfterSeconds: 5 }, { match: { to: '/webhook/slow' } });
      const response = await post('/webhook/slow?x=1');
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect((await post('/webhook/fast')).status).toBe(204);
      expect(sandbox.store.size).toBe(1);
    });

    it('matches the whole URL too, and redirects', async () => {
      await behave({ type: 'fail', code: 302 }, { match: { to: `${sandbox.httpUrl}/webhook/*` } });
      const response = await post('/webhook/a');
      expect(response.status).toBe(302);
      expect(response.headers.get('location')).toBe('/webhook/redirected');
    });

    it('throttles, drops, and answers garbage', async () => {
      const throttle = await behave({ type: 'throttle', perSecond: 0.01 });
      expect([(await post()).status, (await post()).status]).toEqual([204, 429]);
      await fetch(`${sandbox.httpUrl}/behaviours/${throttle.id}`, { method: 'DELETE' });
      await behave({ type: 'garbage' }, { times: 1 });
      await expect(post()).rejects.toThrow();
      await behave({ type: 'drop' }, { times: 1 });
      await expect(post()).rejects.toThrow();
      expect(sandbox.store.size).toBe(1);
      await behave({ type: 'drop', at: 'after-data' }, { times: 1 });
      await expect(post()).rejects.toThrow();
      expect(sandbox.store.size).toBe(2);
    });

    it('hangs until the client gives up', async () => {
      await behave({ type: 'hang' });
      const url = `${sandbox.httpUrl}/webhook`;
      const waiting = fetch(url, { method: 'POST', body, signal: AbortSignal.timeout(100) });
      await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    });
  });

  it('keeps the request when the secrets cannot be read', async () => {
    const other = await startTestSandbox({
      webhookSecrets: () => Promise.reject(new Error('database is down')),
    });
    await fetch(`${other.httpUrl}/webhook`, { method: 'POST', body, headers: signed(WEBHOOK_SECRET) });
    const [{ signature }] = (await other.messages()).items;
    expect(signature).toEqual({ verified: false, reason: 'the accepted secrets could not be read' });
    expect(other.logger.complaints()).toHaveLength(1);
    await other.stop();
  });
});
