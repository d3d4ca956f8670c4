import { postJson, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

describe('the behaviours API', () => {
  let sandbox: TestSandbox;
  const url = (path = '') => `${sandbox.httpUrl}/behaviours${path}`;

  beforeAll(async () => {
    sandbox = await startTestSandbox();
  });
  afterAll(() => sandbox.stop());

  it('adds, lists and removes rules', async () => {
    const added = await postJson(url(), { channel: 'sms', action: { type: 'delay', ms: 10 }, times: 2 });
    expect(added.status).toBe(201);
    const rule = (await added.json()) as { id: string };
    expect(rule).toMatchObject({ channel: 'sms', action: { type: 'delay', ms: 10 }, times: 2, applied: 0 });
    expect(await (await fetch(url())).json()).toEqual({ items: [rule] });
    expect((await fetch(url(`/${rule.id}`), { method: 'DELETE' })).status).toBe(204);
    expect((await fetch(url(`/${rule.id}`), { method: 'DELETE' })).status).toBe(404);
    await postJson(url(), { channel: 'sms', action: { type: 'garbage' } });
    expect((await fetch(url(), { method: 'DELETE' })).status).toBe(204);
    expect(await (await fetch(url())).json()).toEqual({ items: [] });
  });

  it('answers a wrong rule with a problem that names the field and the fix', async () => {
    const response = await postJson(url(), { channel: 'email', action: { type: 'fail', code: 21211 } });
    expect(response.status).toBe(422);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(await response.json()).toMatchObject({
      type: 'urn:herald:problem:validation',
      status: 422,
      errors: [{ pointer: '/action/code', detail: expect.stringContaining('550 5.1.1') }],
    });
  });

  it('refuses what is not JSON, broken JSON, and too much of it', async () => {
    const post = (body: string, type: string) =>
      fetch(url(), { method: 'POST', headers: { 'content-type': type }, body });
    expect((await post('channel=sms', 'application/x-www-form-urlencoded')).status).toBe(415);
    expect((await post('{', 'application/json')).status).toBe(400);
    const large = await post(JSON.stringify({ channel: 'x'.repeat(1024 * 1024) }), 'application/json');
    expect(large.status).toBe(413);
    expect(await large.json()).toMatchObject({ type: 'urn:herald:problem:payload-too-large' });
  });
});
