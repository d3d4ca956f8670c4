import { createHash, randomUUID } from 'node:crypto';
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
import {
  getExpectedTwilioSignature,
  validateRequest,
  validateRequestWithBody,
} from 'twilio/lib/webhooks/webhooks';
import { type TwilioConfig, twilio } from './twilio';

const config: TwilioConfig = { accountSid: `AC${'0'.repeat(32)}`, authToken: 'f'.repeat(32), from: 'Shop' };
const FORM = 'application/x-www-form-urlencoded';

function request(url: string, signature: string, rawBody: string, contentType = FORM): ReceiptRequest {
  const headers = { 'content-type': contentType, 'x-twilio-signature': signature };
  return { url, headers, rawBody: Buffer.from(rawBody) };
}
const verifying = { dispatcher: providerDeps().guardedDispatcher, now: Date.now };
const verify = (given: ReceiptRequest, with_ = config) => twilio.receipts?.verify(given, with_, verifying);
const encode = (fields: Record<string, string>) => new URLSearchParams(fields).toString();

describe('sending', () => {
  let server: ScriptedHttpServer;
  beforeEach(async () => {
    server = await startScriptedHttpServer();
  });
  afterEach(() => server.close());

  async function send(
    body: string,
    answer: object,
    overrides: Partial<TwilioConfig> = {},
    receiptUrl?: string,
  ) {
    server.reply({ status: 201, body: JSON.stringify({ sid: 'SM1', ...answer }) });
    const provider = await twilio.open(
      { ...config, apiBaseUrl: `${server.url}/sandbox/`, ...overrides },
      providerDeps(),
    );
    const outcome = await provider.send({ to: '+4915112345678', body }, sendContext({ receiptUrl }));
    await provider.close();
    return outcome;
  }
  const form = () => Object.fromEntries(new URLSearchParams(server.arrivals.at(-1)?.body));

  it('counts segments, and says so when Twilio counts otherwise', async () => {
    expect((await send('ä'.repeat(161), { num_segments: '2' })).facts).toEqual({
      segments: 2,
      encoding: 'GSM-7',
    });
    expect((await send('„'.repeat(71), { num_segments: '0' })).facts).toEqual({
      segments: 2,
      encoding: 'UCS-2',
    });
    expect((await send('„', { num_segments: '3' })).facts).toEqual({
      segments: 1,
      encoding: 'UCS-2',
      providerSegments: 3,
    });
    expect((await send('x', {})).facts).toEqual({ segments: 1, encoding: 'GSM-7' });
  });

  it('goes to the base URL that it was given, with its path', async () => {
    await send('x', {});
    expect(server.arrivals[0]?.path).toBe(`/sandbox/2010-04-01/Accounts/${config.accountSid}/Messages.json`);
  });

  it('halts when the base URL leads to an address that is not allowed', async () => {
    const options = { allow: [], connectTimeoutMs: 1000, headersTimeoutMs: 1000, bodyTimeoutMs: 1000 };
    const guardedDispatcher = createGuardedDispatcher(options);
    const provider = await twilio.open(
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

  it('asks for receipts when there is an edge, and uses the messaging service when there is one', async () => {
    const sid = `MG${'1'.repeat(32)}`;
    await send(
      'Grüße + 50% & „mehr“ 🎉',
      {},
      { messagingServiceSid: sid },
      'https://edge.example.com/r?t=1&u=2',
    );
    expect(form()).toEqual({
      To: '+4915112345678',
      From: 'Shop',
      MessagingServiceSid: sid,
      Body: 'Grüße + 50% & „mehr“ 🎉',
      StatusCallback: 'https://edge.example.com/r?t=1&u=2',
    });
  });
});

describe('signatures', () => {
  const path = fc.webPath();
  const fields = fc.dictionary(
    fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
    fc.string({ maxLength: 40, unit: 'grapheme' }),
    {
      maxKeys: 6,
      noNullPrototype: true,
    },
  );
  const urls = fc
    .tuple(
      fc.constantFrom('https://edge.example.com', 'https://edge.example.com:8443', 'http://10.0.0.1'),
      path,
    )
    .map(([origin, rest]) => origin + rest);

  it('agree with the vendor’s own library', () => {
    fc.assert(
      fc.property(urls, fields, (url, body) => {
        const signature = getExpectedTwilioSignature(config.authToken, url, body);
        const given = request(url, signature, encode(body));
        expect(validateRequest(config.authToken, signature, url, body)).toBe(true);
        expect(verify(given)).toBe(true);
      }),
    );
  });

  it('fail for every kind of tampering', () => {
    const key = fc.stringMatching(/^[A-Z][A-Za-z]{1,10}$/);
    const tamper = fc.constantFrom('value', 'added', 'removed', 'url', 'signature', 'token');
    fc.assert(
      fc.property(
        urls,
        fc.dictionary(key, fc.string(), { minKeys: 1, maxKeys: 5 }),
        tamper,
        fc.nat(),
        (url, body, kind, n) => {
          const signature = getExpectedTwilioSignature(config.authToken, url, body);
          const names = Object.keys(body);
          const name = names[n % names.length] as string;
          const others = Object.fromEntries(Object.entries(body).filter(([other]) => other !== name));
          const at = n % signature.length;
          const flipped = signature[at] === 'A' ? 'B' : 'A';
          const tampered = {
            value: () => request(url, signature, encode({ ...body, [name]: `${body[name]}!` })),
            added: () => request(url, signature, encode({ ...body, [`${name}0`]: 'x' })),
            removed: () => request(url, signature, encode(others)),
            url: () => request(`${url}!`, signature, encode(body)),
            signature: () =>
              request(url, signature.slice(0, at) + flipped + signature.slice(at + 1), encode(body)),
            token: () => request(url, getExpectedTwilioSignature(randomUUID(), url, body), encode(body)),
          }[kind]();
          expect(verify(tampered)).toBe(false);
        },
      ),
    );
  });

  it('hold with and without the standard port, as the vendor’s library has it', () => {
    const body = { MessageStatus: 'sent' };
    const plain = 'https://edge.example.com/r?x=1';
    const withPort = 'https://edge.example.com:443/r?x=1';
    for (const [signedUrl, calledUrl] of [
      [plain, withPort],
      [withPort, plain],
    ] as const) {
      const signature = getExpectedTwilioSignature(config.authToken, signedUrl, body);
      expect(validateRequest(config.authToken, signature, calledUrl, body)).toBe(true);
      expect(verify(request(calledUrl, signature, encode(body)))).toBe(true);
    }
  });

  it('cover a JSON body by its hash in the URL', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const hash = createHash('sha256').update(text).digest('hex');
        const url = `https://edge.example.com/r?bodySHA256=${hash}`;
        const signature = getExpectedTwilioSignature(config.authToken, url, {});
        expect(validateRequestWithBody(config.authToken, signature, url, text)).toBe(true);
        expect(verify(request(url, signature, text, 'application/json'))).toBe(true);
        expect(verify(request(url, signature, `${text} `, 'application/json'))).toBe(false);
        expect(verify(request(url, signature, text, FORM))).toBe(false);
      }),
    );
  });

  it('never hold for a JSON body that the URL does not answer for', () => {
    const url = 'https://edge.example.com/r';
    const signature = getExpectedTwilioSignature(config.authToken, url, {});
    expect(verify(request(url, signature, '{"MessageStatus":"delivered"}', 'application/json'))).toBe(false);
    expect(verify(request('not a URL', signature, '{}', 'application/json'))).toBe(false);
  });

  it('never throw, whatever comes in', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.uint8Array(), fc.string(), (url, signature, body, type) => {
        const given = {
          url,
          headers: { 'content-type': type, 'x-twilio-signature': signature },
          rawBody: Buffer.from(body),
        };
        expect(verify(given)).toBe(false);
        expect(Array.isArray(twilio.receipts?.parse(given))).toBe(true);
      }),
    );
  });
});

it('reads a receipt in JSON', async () => {
  const body = JSON.stringify({ MessageStatus: 'undelivered', ErrorCode: 30003, MessageSid: 'SM1' });
  expect(await twilio.receipts?.parse(request('https://x.example/', '', body, 'application/json'))).toEqual([
    {
      kind: 'state',
      state: 'undelivered',
      reason: 'unreachable',
      code: 'twilio_30003',
      providerMessageId: 'SM1',
    },
  ]);
});
