import fc from 'fast-check';
import { bounceAddress, parseBounce } from './dsn';

const ID = '01900000-0000-7000-8000-0000000000aa';

interface Bounce {
  to?: string;
  type?: string;
  report?: string;
  returned?: string;
}

const failed = (status: string, more = '') =>
  `Reporting-MTA: dns; mx.example.net\r\nArrival-Date: Mon, 1 Jan 2029 10:00:00 +0000\r\n\r\n` +
  `Final-Recipient: rfc822; ada@example.com\r\nAction: failed\r\nStatus: ${status}\r\n${more}`;

/** A notification as mail servers write it. */
function bounce({
  to = `bounces+${ID}@shop.example`,
  type = 'message/delivery-status',
  report,
  returned,
}: Bounce): Buffer {
  const parts = [
    'Content-Type: text/plain\r\n\r\nThis is the mail system. Your message could not be delivered.\r\n',
    `Content-Type: ${type}\r\n\r\n${report ?? failed('5.1.1')}\r\n`,
    ...(returned ? [`Content-Type: text/rfc822-headers\r\n\r\n${returned}\r\n`] : []),
  ];
  const body = parts.map((part) => `--edge\r\n${part}\r\n`).join('');
  const head = `From: MAILER-DAEMON@mx.example.net\r\nTo: ${to}\r\nSubject: Undelivered Mail Returned to Sender`;
  const mime =
    'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="edge"';
  return Buffer.from(`${head}\r\n${mime}\r\n\r\n${body}--edge--\r\n`);
}

describe('parseBounce', () => {
  it.each([
    ['5.1.1', { reason: 'invalid_address', suppress: 'bounce' }],
    ['5.1.10', { reason: 'invalid_address', suppress: 'bounce' }],
    ['5.2.1', { reason: 'invalid_address', suppress: 'bounce' }],
    ['5.1.8', { reason: 'carrier_rejected' }],
    ['5.2.2', { reason: 'unreachable' }],
    ['5.4.4', { reason: 'unreachable' }],
    ['5.7.1', { reason: 'carrier_rejected' }],
    ['4.4.7', { reason: 'unreachable' }],
    ['5.0.0', { reason: 'undelivered_unknown' }],
  ])('reads a failure with the status %s', async (status, meaning) => {
    expect(await parseBounce(bounce({ report: failed(`${status} (in words)`) }))).toEqual([
      { kind: 'state', state: 'undelivered', deliveryId: ID, code: `dsn_${status}`, ...meaning },
    ]);
  });

  it('reads a delay as an event of its own time, and an arrival', async () => {
    const delayed = failed('4.4.1', 'Last-Attempt-Date: Mon, 1 Jan 2029 14:00:00 +0000\r\n').replace(
      'failed',
      'delayed',
    );
    expect(await parseBounce(bounce({ report: delayed }))).toEqual([
      {
        kind: 'event',
        event: 'deferred',
        deliveryId: ID,
        code: 'dsn_4.4.1',
        eventId: 'delayed Mon, 1 Jan 2029 14:00:00 +0000',
      },
    ]);
    expect(
      await parseBounce(bounce({ report: failed('2.0.0').replace('failed', 'delivered') })),
    ).toMatchObject([{ kind: 'state', state: 'delivered' }]);
    for (const action of ['relayed', 'expanded', 'nonsense'])
      expect(await parseBounce(bounce({ report: failed('2.0.0').replace('failed', action) }))).toEqual([]);
  });

  it('finds the delivery in the Message-ID of what comes back, when the address does not name it', async () => {
    const returned = `Subject: Your order\r\nMessage-ID:\r\n <${ID}@shop.example>\r\nTo: ada@example.com`;
    const found = await parseBounce(bounce({ to: 'bounces@shop.example', returned }));
    expect(found).toMatchObject([{ deliveryId: ID }]);
    expect(await parseBounce(bounce({ to: 'bounces@shop.example' }))).toEqual([]);
  });

  it('reads nothing out of other mail', async () => {
    expect(await parseBounce(bounce({ type: 'text/plain' }))).toEqual([]);
    const away = `From: ada@example.com\r\nTo: bounces+${ID}@shop.example\r\nSubject: Away\r\n\r\nI am away.\r\n`;
    expect(await parseBounce(Buffer.from(away))).toEqual([]);
  });

  it('has something to say to anything', () =>
    fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 300 }),
        fc.uint8Array({ maxLength: 200 }),
        async (report, bytes) => {
          expect(Array.isArray(await parseBounce(bounce({ report })))).toBe(true);
          expect(await parseBounce(Buffer.from(bytes))).toEqual([]);
        },
      ),
      { numRuns: 50 },
    ));
});

it('names the delivery in the address that a bounce comes back to', () => {
  expect(bounceAddress('bounces@shop.example', ID)).toBe(`bounces+${ID}@shop.example`);
});
