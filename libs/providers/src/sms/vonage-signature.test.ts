import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { SIGNATURE_METHODS, type SignatureMethod, verifyVonageSignature } from './vonage-signature';

const verify = (
  fields: Record<string, string>,
  secret: string,
  method: SignatureMethod,
  now = Number(fields.timestamp) * 1000,
) => verifyVonageSignature(new Map(Object.entries(fields)), { secret, method }, now);

/** Values that the vendor's own libraries are tested with: a message that came in, and one with separators in its text. */
const INBOUND = {
  'message-timestamp': '2013-11-21 15:27:30',
  messageId: '020000001B0FE827',
  msisdn: '14843472194',
  text: 'Test again',
  timestamp: '1385047698',
  to: '13239877404',
  type: 'text',
};
const SECRET = 'my_secret_key_for_testing';

describe('the published examples', () => {
  it.each([
    ['md5hash', 'd2e7b1dc968737c5998ad624e02f90b7'],
    ['md5', 'DDEBD46008C2D4E93CCE578A332A52D5'],
    ['sha1', '27D0D05C2876C7CB1720DBCDBA4D492E1E55C09A'],
    ['sha256', 'DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330'],
    [
      'sha512',
      'E0D3C650F8C9D1A5C174D10DDDBFB003E561F59B265616208B0487C5D819481CD3C311D59CF6165ECD1139622D5BA3A256C0D763AC4A9AD9144B5A426B94FE82',
    ],
  ] as const)('hold: %s', (method, sig) => {
    expect(verify({ ...INBOUND, sig }, SECRET, method)).toBe(true);
    expect(verify({ ...INBOUND, sig: sig.toLowerCase() }, SECRET, method)).toBe(true);
    for (const other of SIGNATURE_METHODS)
      if (other !== method) expect(verify({ ...INBOUND, sig }, SECRET, other)).toBe(false);
  });

  it('hold for other fields', () => {
    const fields = { a: '1', b: '2', timestamp: '1461605396', sig: '6af838ef94998832dbfc29020b564830' };
    expect(verify(fields, 'secret', 'md5hash')).toBe(true);
  });

  it('hold for a text with separators', () => {
    const fields = {
      keyword: 'TEST',
      'message-timestamp': '2017-04-04 22:57:47',
      messageId: '0B00000042AC53BD',
      msisdn: '14843472194',
      nonce: '929d6744-bd28-42c8-b6cf-31d5b4f43732',
      sig: 'e06d9763e3fd0b9c31beb5fc2fcb011c',
      text: 'Test with & and =',
      timestamp: '1491346667',
      to: '12192259404',
      type: 'text',
    };
    expect(verify(fields, SECRET, 'md5hash')).toBe(true);
  });
});

/** The rule, written another way: pairs joined, then signed. */
function sign(fields: Record<string, string>, secret: string, method: SignatureMethod): string {
  const pairs = Object.entries(fields).map(([name, value]) => [name, value.split(/[&=]/).join('_')]);
  const text = pairs
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1))
    .reduce((all, [n, v]) => `${all}&${n}=${v}`, '');
  return method === 'md5hash'
    ? createHash('md5')
        .update(text + secret)
        .digest('hex')
    : createHmac(method, secret).update(text).digest('hex').toUpperCase();
}

const name = fc.stringMatching(/^[a-z][A-Za-z-]{0,12}$/).filter((n) => n !== 'sig' && n !== 'timestamp');
const fieldSets = fc
  .dictionary(name, fc.string({ maxLength: 30, unit: 'grapheme' }), { maxKeys: 8, noNullPrototype: true })
  .map((fields) => ({ ...fields, timestamp: '1700000000' }) as Record<string, string>);
const methods = fc.constantFrom(...SIGNATURE_METHODS);

it('holds in whatever order the fields come', () => {
  const shuffled = fieldSets.chain((fields) => {
    const entries = Object.entries({ ...fields, sig: '' });
    return fc.tuple(fc.constant(fields), fc.shuffledSubarray(entries, { minLength: entries.length }));
  });
  fc.assert(
    fc.property(shuffled, methods, fc.string({ minLength: 8 }), ([fields, entries], method, secret) => {
      const ordered = { ...Object.fromEntries(entries), sig: sign(fields, secret, method) };
      expect(verify(ordered, secret, method)).toBe(true);
    }),
  );
});

it('fails for every kind of tampering', () => {
  const kinds = fc.constantFrom('value', 'added', 'removed', 'sig', 'secret');
  fc.assert(
    fc.property(fieldSets, kinds, methods, (fields, kind, method) => {
      const sig = sign(fields, SECRET, method);
      const { timestamp = '', ...rest } = fields;
      const tampered: Record<string, Record<string, string>> = {
        value: { ...fields, timestamp: `${Number(timestamp) + 1}`, sig },
        added: { ...fields, zzz: '', sig },
        removed: { ...rest, sig },
        sig: { ...fields, sig: sig.slice(0, -1) + (sig.endsWith('0') ? '1' : '0') },
        secret: { ...fields, sig: sign(fields, `${SECRET}!`, method) },
      };
      expect(verify(tampered[kind] ?? {}, SECRET, method, 1_700_000_000_000)).toBe(false);
    }),
  );
});

it('refuses a field that is hidden in the name of another, which would leave the signed text as it was', () => {
  const sig = sign({ a: '1', status: 'failed', timestamp: '1700000000' }, SECRET, 'sha256');
  expect(verify({ a: '1', status: 'failed', timestamp: '1700000000', sig }, SECRET, 'sha256')).toBe(true);
  expect(verify({ 'a=1&status': 'failed', timestamp: '1700000000', sig }, SECRET, 'sha256')).toBe(false);
});

describe('the timestamp', () => {
  const MINUTE = 60_000;
  const at = 1_700_000_000_000;
  const signedAt = (timestamp: string) => ({
    a: '1',
    timestamp,
    sig: sign({ a: '1', timestamp }, SECRET, 'sha256'),
  });
  const takenAfter = (ms: number) => verify(signedAt('1700000000'), SECRET, 'sha256', at + ms);

  it('may be a day old, for that long a receipt is repeated, and no older', () => {
    expect(takenAfter(0)).toBe(true);
    expect(takenAfter(24 * 60 * MINUTE)).toBe(true);
    expect(takenAfter(25 * 60 * MINUTE + 1)).toBe(false);
  });

  it('may be a little ahead of our clock, and no more', () => {
    expect(takenAfter(-5 * MINUTE)).toBe(true);
    expect(takenAfter(-6 * MINUTE)).toBe(false);
  });

  it.each(['', 'now', '-1', '1.7e9', '17000000000000'])('has to be seconds: %j', (timestamp) => {
    expect(verify(signedAt(timestamp), SECRET, 'sha256', at)).toBe(false);
  });

  it('has to be there', () => {
    expect(verify({ a: '1', sig: sign({ a: '1' }, SECRET, 'sha256') }, SECRET, 'sha256', at)).toBe(false);
  });
});
