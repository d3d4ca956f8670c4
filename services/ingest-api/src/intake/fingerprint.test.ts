import { type SendNotificationDto } from '@herald/contracts';
import fc from 'fast-check';
import { fingerprint } from './fingerprint';

const dto = (
  payload: Record<string, unknown>,
  over: Partial<SendNotificationDto> = {},
): SendNotificationDto => ({
  to: [{ webhookUrl: 'https://example.com' }],
  content: { webhook: { payload } },
  ...over,
});

/** The same value with the keys of all its objects the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, child]) => [name, reversed(child)])
      .reverse(),
  );
}

describe('fingerprint', () => {
  it('is SHA-256 as hex', () => {
    expect(fingerprint(dto({}))).toMatch(/^[0-9a-f]{64}$/);
  });

  it('does not depend on the order of keys, nor on the idempotency key', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (payload) => {
        const turned = dto(reversed(payload) as Record<string, unknown>, { idempotencyKey: 'k' });
        expect(fingerprint(turned)).toBe(fingerprint(dto(payload)));
      }),
    );
  });

  it('differs as soon as anything else does', () => {
    const requests = [
      dto({}),
      dto({ a: 1 }),
      dto({ a: '1' }),
      dto({ a: null }),
      dto({ a: [1, 2] }),
      dto({ a: [2, 1] }),
      dto({ a: { b: 1 } }),
      dto({ 'a.b': 1 }),
      dto({}, { priority: 'bulk' }),
      dto({}, { metadata: { a: '1' } }),
      dto({}, { to: [{ webhookUrl: 'https://example.com' }, {}] }),
    ];
    expect(new Set(requests.map(fingerprint)).size).toBe(requests.length);
  });
});
