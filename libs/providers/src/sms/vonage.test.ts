import { createHmac } from 'node:crypto';
import { type ReceiptRequest } from '@herald/delivery';
import { createGuardedDispatcher } from '@herald/platform';
import {
  expectOutcome,
  providerDeps,
  type ScriptedHttpServer,
  sendContext,
  startScriptedHttpServer,
} from '@herald/testing';
import fc from 'fast-check';
import { type VonageConfig, vonage } from './vonage';

const config: VonageConfig = { apiKey: 'abcd1234', apiSecret: 'a-secret-of-the-tests', from: 'Shop' };
const accepted = (...ids: string[]) => ({
  'message-count': String(ids.length),
  messages: ids.map((id) => ({ to: '4915112345678', 'message-id': id, status: '0' })),
});

describe('sending', () => {
  let server: ScriptedHttpServer;
  beforeEach(async () => {
    server = await startScriptedHttpServer();
  });
  afterEach(() => server.close());

  async function send(body: string, answer: object, context: Parameters<typeof sendContext>[0] = {}) {
    server.reply({ status: 200, body: JSON.stringify(answer) });
    const provider = await vonage.open({ ...config, apiBaseUrl: server.url }, providerDeps());
    const outcome = await provider.send({ to: '+4915112345678', body }, sendContext(context));
    await provider.close();
    return outcome;
  }
  const form = () => Object.fromEntries(new URLSearchParams(server.arrivals.at(-1)?.body));

  it('gives the id of the first part, and counts segments and parts', async () => {
    expect(await send('ä'.repeat(161), accepted('A1', 'A2'))).toEqual({
      outcome: 'accepted',
      providerMessageId: 'A1',
      facts: { segments: 2, encoding: 'GSM-7', parts: 2 },
    });
    expect((await send('x', { messages: [{ status: '0' }] })).outcome).toBe('accepted');
  });

  it('says how many parts were taken when not all were', async () => {
    const answer = {
      messages: [
        { status: '0', 'message-id': 'A1' },
        { status: '5', 'error-text': 'oops' },
      ],
    };
    expect(await send('ä'.repeat(161), answer)).toEqual({
      outcome: 'ambiguous',
      reason: 'provider_unavailable',
      code: 'vonage_5',
      detail: 'Vonage took 1 of 2 parts.',
      facts: { segments: 2, encoding: 'GSM-7', parts: 2, partsAccepted: 1 },
    });
  });

  it("keeps the vendor's words, which may be long", async () => {
    const answer = { messages: [{ status: '2', 'error-text': 'Missing to param'.repeat(100) }] };
    expect((await send('x', answer)).detail).toHaveLength(512);
  });

  it('asks for unicode only where the text needs it', async () => {
    await send('Grüße € {1}', accepted('A1'));
    expect(form().type).toBe('text');
    await send('„mehr“ 🎉', accepted('A1'));
    expect(form()).toMatchObject({ type: 'unicode', text: '„mehr“ 🎉' });
  });

  it('asks for receipts when there is an edge', async () => {
    const receiptUrl = 'https://edge.example.com/v1/receipts/p1/d1?t=1&u=2';
    await send('x', accepted('A1'), { receiptUrl, deliveryId: 'd1' });
    expect(form()).toMatchObject({ callback: receiptUrl, 'client-ref': 'd1', from: 'Shop' });
    await send('x', accepted('A1'));
    expect(form()).not.toHaveProperty('callback');
  });

  it('halts when the base URL leads to an address that is not allowed', async () => {
    const options = { allow: [], connectTimeoutMs: 1000, headersTimeoutMs: 1000, bodyTimeoutMs: 1000 };
    const guardedDispatcher = createGuardedDispatcher(options);
    const provider = await vonage.open(
      { ...config, apiBaseUrl: server.url },
      { ...providerDeps(), guardedDispatcher },
    );
    const outcome = await provider.send({ to: '+4915112345678', body: 'x' }, sendContext());
    expectOutcome(outcome, {
      outcome: 'config-halt',
      reason: 'provider_misconfigured',
      code: 'forbidden_address',
    });
    expect(server.arrivals).toEqual([]);
    await provider.close();
    await guardedDispatcher.destroy();
  });
});

describe('callbacks', () => {
  const verifying = { dispatcher: providerDeps().guardedDispatcher, now: () => 1_700_000_000_000 };
  const secret = 'a-signature-secret';
  const json = (fields: object): ReceiptRequest => ({
    url: 'https://edge.example.com/v1/receipts/p1',
    headers: { 'content-type': 'application/json' },
    rawBody: Buffer.from(JSON.stringify(fields)),
  });
  const text = '&err-code=0&messageId=A1&status=delivered&timestamp=1700000000';
  const fields = { status: 'delivered', 'err-code': 0, messageId: 'A1', timestamp: 1700000000 };
  const sig = createHmac('sha256', secret).update(text).digest('hex');
  const verify = (request: ReceiptRequest, with_: Partial<VonageConfig>) =>
    vonage.receipts?.verify(request, { ...config, ...with_ }, verifying);

  it('are verified and read as JSON, too, whose values may be numbers', async () => {
    const request = json({ ...fields, sig });
    expect(verify(request, { signatureSecret: secret })).toBe(true);
    expect(verify(request, { signatureSecret: secret, signatureMethod: 'sha512' })).toBe(false);
    expect(await vonage.receipts?.parse(request)).toEqual([
      { kind: 'state', state: 'delivered', providerMessageId: 'A1' },
    ]);
  });

  it('never hold without a signature secret', () => {
    expect(verify(json({ ...fields, sig }), {})).toBe(false);
    const unkeyed = createHmac('sha256', '').update(text).digest('hex');
    expect(verify(json({ ...fields, sig: unkeyed }), {})).toBe(false);
  });

  it('never throw, whatever comes in', () => {
    const types = fc.constantFrom('application/json', 'application/x-www-form-urlencoded', '');
    const bodies = fc.oneof(fc.string(), fc.json(), fc.webQueryParameters());
    fc.assert(
      fc.property(bodies, types, (body, type) => {
        const request = { url: '', headers: { 'content-type': type }, rawBody: Buffer.from(body) };
        expect(verify(request, { signatureSecret: secret })).toBe(false);
        expect(Array.isArray(vonage.receipts?.parse(request))).toBe(true);
      }),
    );
  });
});
