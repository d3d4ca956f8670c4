import { type HttpReceiver, startHttpReceiver } from './http-receiver';

describe('startHttpReceiver', () => {
  let receiver: HttpReceiver;

  beforeEach(async () => {
    receiver = await startHttpReceiver();
  });
  afterEach(() => receiver.close());

  it('records requests byte for byte', async () => {
    const body = Buffer.from([0, 255, 10, 13]);
    const response = await fetch(`${receiver.url}/hook?a=1`, {
      method: 'PUT',
      body,
      headers: { 'x-id': '7' },
    });
    expect(response.status).toBe(200);
    expect(receiver.requests).toEqual([
      expect.objectContaining({ method: 'PUT', url: '/hook?a=1', rawBody: body }),
    ]);
    expect(receiver.requests[0]?.headers['x-id']).toBe('7');
  });

  it('answers as it is told, from then on', async () => {
    receiver.answerWith((request) => ({
      status: request.rawBody.length,
      body: 'x',
      headers: { 'retry-after': '3' },
    }));
    const response = await fetch(receiver.url, { method: 'POST', body: 'y'.repeat(503) });
    expect([response.status, response.headers.get('retry-after'), await response.text()]).toEqual([
      503,
      '3',
      'x',
    ]);

    receiver.answerWith({ status: 204, delayMs: 30 });
    const before = performance.now();
    expect((await fetch(receiver.url)).status).toBe(204);
    expect(performance.now() - before).toBeGreaterThanOrEqual(29);
  });

  it('drops connections', async () => {
    receiver.answerWith('drop');
    await expect(fetch(receiver.url)).rejects.toMatchObject({ cause: { code: 'UND_ERR_SOCKET' } });
    expect(receiver.requests).toHaveLength(1);
  });

  it('hangs before the head or in the body, and still closes', async () => {
    receiver.answerWith('hang');
    await expect(fetch(receiver.url, { signal: AbortSignal.timeout(50) })).rejects.toThrow('timeout');

    receiver.answerWith({ status: 202, body: 'begun', unfinished: true });
    const response = await fetch(receiver.url);
    expect(response.status).toBe(202);
    const rest = response.text();
    const failed = expect(rest).rejects.toThrow('terminated');
    await receiver.close();
    await failed;
    receiver = await startHttpReceiver();
  });
});
