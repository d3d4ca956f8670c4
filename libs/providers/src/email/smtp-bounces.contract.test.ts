import { createHmac } from 'node:crypto';
import { type Receipt, type ReceiptRequest } from '@herald/delivery';
import {
  describeProviderContract,
  providerDeps,
  sendContext,
  startScriptedSmtpServer,
} from '@herald/testing';
import { type SmtpConfig, smtp } from './smtp';

const SECRET = 'b'.repeat(32);
const ID = '01900000-0000-7000-8000-0000000000aa';
const config: SmtpConfig = {
  host: 'smtp.example.com',
  port: 587,
  from: 'Shop <shop@example.com>',
  bounceAddress: 'bounces@example.com',
  bounceSecret: SECRET,
};

/** A bounce as a mail server writes it, by the action and the status that it reports. */
interface Bounce {
  action: string;
  status: string;
}

const mail = ({ action, status }: Bounce) =>
  [
    `To: bounces+${ID}@example.com`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/report; report-type=delivery-status; boundary="edge"',
    '',
    '--edge',
    'Content-Type: text/plain',
    '',
    'It could not be delivered.',
    '--edge',
    'Content-Type: message/delivery-status',
    '',
    'Reporting-MTA: dns; mx.example.net',
    '',
    'Final-Recipient: rfc822; ada@example.net',
    `Action: ${action}`,
    `Status: ${status}`,
    '',
    '--edge--',
    '',
  ].join('\r\n');

function signed(bounce: Bounce): ReceiptRequest {
  const rawBody = Buffer.from(mail(bounce));
  const signature = createHmac('sha256', SECRET).update(rawBody).digest('hex');
  const headers = { 'content-type': 'message/rfc822', 'herald-signature': signature };
  return { url: 'https://edge.example.com/v1/receipts/p1', headers, rawBody };
}

const failed: Receipt = {
  kind: 'state',
  state: 'undelivered',
  deliveryId: ID,
  code: 'dsn_5.1.1',
  reason: 'invalid_address',
  suppress: 'bounce',
};

describeProviderContract<'email', SmtpConfig, never, Bounce>({
  definition: smtp,
  receipts: {
    config,
    otherSecret: { ...config, bounceSecret: 'c'.repeat(32) },
    signed,
    signsUrl: false,
    withSignature: (request, change) => ({
      ...request,
      headers: {
        ...request.headers,
        'herald-signature': change(String(request.headers['herald-signature'])),
      },
    }),
    examples: [
      { name: 'a failure', body: { action: 'failed', status: '5.1.1' }, receipts: [failed] },
      { name: 'a relay says nothing', body: { action: 'relayed', status: '2.0.0' }, receipts: [] },
    ],
  },
});

it('believes nothing without a secret', () => {
  const verifying = { dispatcher: providerDeps().guardedDispatcher, now: Date.now };
  const { bounceSecret: _secret, ...without } = config;
  expect(smtp.receipts?.verify(signed({ action: 'failed', status: '5.1.1' }), without, verifying)).toBe(
    false,
  );
});

it('sends so that bounces name the delivery, and the sender stays who it is', async () => {
  const server = await startScriptedSmtpServer();
  const provider = await smtp.open(
    { ...config, host: '127.0.0.1', port: server.port, security: 'none' },
    providerDeps(),
  );
  const context = sendContext();
  const message = { to: 'ada@example.org', subject: 'Hello', text: 'Hello', headers: {}, attachments: [] };
  expect(await provider.send(message, context)).toMatchObject({ outcome: 'accepted' });
  const arrival = server.arrivals.at(-1);
  expect(arrival).toMatchObject({
    from: `bounces+${context.deliveryId}@example.com`,
    to: ['ada@example.org'],
  });
  expect(arrival?.source).toMatch(/^From: Shop <shop@example\.com>\r\n/);
  await provider.close();
  await server.close();
});
