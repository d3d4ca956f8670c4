/// <reference types="jest" />
import { type Channel, REASONS } from '@herald/contracts';
import { type ProviderDefinition, type ReceiptRequest } from '@herald/delivery';
import { type ProviderContract } from './contract';

/** Signatures hold for exactly what was signed, and nothing unsigned or senseless gets through. */
export function describeReceipts<C extends Channel, Config extends object, Reply>(
  definition: ProviderDefinition<C, Config>,
  receipts: NonNullable<ProviderContract<C, Config, Reply>['receipts']>,
): void {
  const reader = definition.receipts;
  if (!reader) throw new Error(`${definition.type} has no receipts`);
  const [example] = receipts.examples;
  const signed = () => receipts.signed(example?.body ?? {});
  const verify = (request: ReceiptRequest, config = receipts.config) => reader.verify(request, config);

  it('takes a receipt with its signature', () => {
    expect(verify(signed())).toBe(true);
  });

  it('refuses a body, a URL or a signature that was tampered with', () => {
    const good = signed();
    const signature = String(good.headers[receipts.signatureHeader]);
    const withSignature = (value: string | string[]) => ({
      ...good,
      headers: { ...good.headers, [receipts.signatureHeader]: value },
    });
    expect(verify({ ...good, rawBody: Buffer.concat([good.rawBody, Buffer.from('1')]) })).toBe(false);
    expect(verify({ ...good, rawBody: Buffer.alloc(0) })).toBe(false);
    expect(verify({ ...good, url: `${good.url}x` })).toBe(false);
    expect(verify(withSignature(signature.slice(1)))).toBe(false);
    expect(verify(withSignature(`${signature} `))).toBe(false);
    expect(verify(withSignature(''))).toBe(false);
    expect(verify(withSignature([signature, signature]))).toBe(false);
  });

  it('refuses another secret, and a missing header', () => {
    expect(verify(signed(), receipts.otherSecret)).toBe(false);
    const { [receipts.signatureHeader]: _signature, ...headers } = signed().headers;
    expect(verify({ ...signed(), headers })).toBe(false);
    expect(verify({ ...signed(), headers: {} })).toBe(false);
  });

  it.each(receipts.examples)('reads a receipt: $name', ({ body, receipt }) => {
    expect(reader.parse(receipts.signed(body))).toEqual(receipt);
    if (receipt?.reason) expect(Object.keys(REASONS)).toContain(receipt.reason);
  });

  it('reads nothing out of garbage', () => {
    for (const text of ['', 'null', '[]', '{', '%', 'a=b&c']) {
      const garbage = { ...signed(), rawBody: Buffer.from(text) };
      expect(reader.parse(garbage)).toBeUndefined();
      const json = { ...garbage.headers, 'content-type': 'application/json' };
      expect(reader.parse({ ...garbage, headers: json })).toBeUndefined();
    }
  });
}
