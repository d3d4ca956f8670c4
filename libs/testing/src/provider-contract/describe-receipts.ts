/// <reference types="jest" />
import { type Channel, REASONS } from '@herald/contracts';
import { type ProviderDefinition, type ReceiptRequest } from '@herald/delivery';
import { type ProviderContract } from './contract';
import { providerDeps } from './send-context';

/** Signatures hold for exactly what was signed, and nothing unsigned or senseless gets through. */
export function describeReceipts<C extends Channel, Config extends object, Reply, Body>(
  definition: ProviderDefinition<C, Config>,
  receipts: NonNullable<ProviderContract<C, Config, Reply, Body>['receipts']>,
): void {
  const reader = definition.receipts;
  const [example] = receipts.examples;
  if (!reader || !example) throw new Error(`${definition.type} has no receipts`);
  const { withSignature } = receipts;
  const signed = () => receipts.signed(example.body);
  const verify = async (request: ReceiptRequest, config = receipts.config) =>
    reader.verify(request, config, { dispatcher: providerDeps().guardedDispatcher, now: Date.now });

  it('takes a receipt with its signature', async () => {
    expect(await verify(signed())).toBe(true);
  });

  it('refuses a body, a URL or a signature that was tampered with', async () => {
    const good = signed();
    const tampered: Record<string, ReceiptRequest> = {
      'a longer body': { ...good, rawBody: Buffer.concat([good.rawBody, Buffer.from('1')]) },
      'no body': { ...good, rawBody: Buffer.alloc(0) },
      'a shorter signature': withSignature(good, (signature) => signature.slice(1)),
      'a longer signature': withSignature(good, (signature) => `${signature}A`),
      'an empty signature': withSignature(good, () => ''),
      'no signature': withSignature(good, () => undefined),
      ...(receipts.signsUrl && { 'another URL': { ...good, url: `${good.url}x` } }),
    };
    for (const [name, request] of Object.entries(tampered))
      expect([name, await verify(request)]).toEqual([name, false]);
  });

  it('refuses another secret, and what has no headers and no sense', async () => {
    expect(await verify(signed(), receipts.otherSecret)).toBe(false);
    expect(await verify({ ...signed(), headers: {}, rawBody: Buffer.from('x') })).toBe(false);
  });

  it('refuses a header that comes twice', async () => {
    const good = signed();
    const doubled = Object.entries(good.headers).map(([name, value]) => [name, [value, value].flat()]);
    // Unless the signature stands in the body, which has no headers to double.
    if (withSignature(good, () => undefined).rawBody.equals(good.rawBody))
      expect(await verify({ ...good, headers: Object.fromEntries(doubled) })).toBe(false);
  });

  it.each(receipts.examples)('reads a receipt: $name', async ({ body, receipts: expected }) => {
    const read = await reader.parse(receipts.signed(body));
    expect(read).toEqual(expected);
    for (const receipt of read) {
      if (receipt.kind === 'state' && receipt.reason) expect(Object.keys(REASONS)).toContain(receipt.reason);
    }
  });

  it('reads nothing out of garbage', async () => {
    for (const text of ['', 'null', '[]', '{', '%', 'a=b&c', '[null]', '[7]', '{"Message":"{"}']) {
      for (const type of [undefined, 'application/json', 'application/x-www-form-urlencoded', 'text/plain']) {
        const headers = { ...signed().headers, ...(type && { 'content-type': type }) };
        expect(await reader.parse({ ...signed(), headers, rawBody: Buffer.from(text) })).toEqual([]);
      }
    }
  });
}
