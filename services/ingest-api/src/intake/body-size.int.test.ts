import { request as rawRequest } from 'node:http';
import { LIMITS } from '@herald/contracts';
import { GOOD, good, PATH, pointersOf, problemOf } from './testing/poster';
import { useTestIntake } from './testing/use-test-intake';

const intake = useTestIntake();
const { post } = intake;

describe('the size of a body', () => {
  const email = (over: object) =>
    good({ to: { email: 'ada@example.com' }, content: { email: { subject: 's', text: 't', ...over } } });
  const file = (bytes: number) => ({
    filename: 'a.bin',
    contentType: 'application/octet-stream',
    contentBase64: Buffer.alloc(bytes, 7).toString('base64'),
  });

  it('is at most 1 MiB beside attachments', async () => {
    const padding = (bytes: number) =>
      JSON.stringify(good()) + ' '.repeat(bytes - JSON.stringify(good()).length);
    expect((await post(padding(LIMITS.notificationBodyBytes))).status).toBe(202);
    const answer = await post(padding(LIMITS.notificationBodyBytes + 1));
    expect([problemOf(answer), answer.body.limitBytes]).toEqual([
      [413, 'payload-too-large'],
      LIMITS.notificationBodyBytes,
    ]);
  });

  it('may be more by its attachments', async () => {
    const answer = await post(email({ attachments: [file(4_000_000), file(6_000_000)] }));
    expect(answer.status).toBe(202);
    const stored = await intake.api.db.rows(
      'SELECT length(content) AS bytes FROM attachments WHERE notification_id = $1 ORDER BY position',
      [answer.body.id],
    );
    expect(stored).toEqual([{ bytes: 4_000_000 }, { bytes: 6_000_000 }]);
  });

  it('of attachments is 10 MiB in all', async () => {
    const answer = await post(email({ attachments: [file(LIMITS.attachmentsTotalBytes), file(3)] }));
    expect([problemOf(answer), pointersOf(answer)]).toEqual([
      [422, 'validation'],
      ['/content/email/attachments'],
    ]);
  });

  it('is refused before it is read when it is said, and while it is read when not', async () => {
    expect(await sendRaw({ 'content-length': String(20 * 1024 * 1024) }, [])).toBe(413);
    const chunk = Buffer.alloc(1024 * 1024, 0x20);
    expect(await sendRaw({ 'transfer-encoding': 'chunked' }, Array(16).fill(chunk))).toBe(413);
    expect((await post(good())).status).toBe(202);
  });

  /** The status of an answer to a body that is sent piece by piece, as far as the answer lets it. */
  function sendRaw(headers: Record<string, string>, chunks: Buffer[]): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      const request = rawRequest(`${intake.api.url}${PATH}`, {
        method: 'POST',
        headers: { authorization: intake.key.authorization, 'content-type': 'application/json', ...headers },
      });
      request.on('error', reject);
      request.on('response', (response) => {
        resolve(response.statusCode);
        request.destroy();
      });
      request.flushHeaders();
      for (const chunk of chunks) request.write(chunk);
    });
  }

  it('of all requests under way is bounded', async () => {
    const small = await intake.startAnother({ maxBodyBytes: 100 });
    const response = await fetch(small.url + PATH, {
      method: 'POST',
      headers: { authorization: intake.key.authorization, 'content-type': 'application/json' },
      body: JSON.stringify(GOOD).padEnd(101),
    });
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await response.json()).toMatchObject({ type: 'urn:herald:problem:overloaded' });
    await small.stop();
  });
});
