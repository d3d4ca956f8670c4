import fc from 'fast-check';
import { afterCall, healthFactors, type ProviderHealth } from './provider-health';

const NOW = 1_000_000;
const good = { failed: false, durationMs: 50, now: NOW };

function after(calls: number, call: { failed: boolean; durationMs: number }, before?: ProviderHealth) {
  let health = before;
  for (let n = 0; n < calls; n += 1) health = afterCall(health, { ...call, now: NOW });
  return health!;
}

const health = fc.option(
  fc.record({
    errors: fc.double({ min: 0, max: 1, noNaN: true }),
    latencyMs: fc.option(fc.double({ min: 0, max: 60_000, noNaN: true }), { nil: undefined }),
    at: fc.integer({ min: 0, max: NOW }),
  }),
  { nil: undefined },
);

describe('healthFactors', () => {
  it('are between 2 and 100 percent, and one of them at least is 100 when all are known equally well', () => {
    fc.assert(
      fc.property(fc.array(health, { minLength: 1, maxLength: 5 }), (healths) => {
        for (const factor of healthFactors(healths, NOW)) {
          expect(factor).toBeGreaterThanOrEqual(0.02);
          expect(factor).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('take weight from the one that errs, and from the one that is slow', () => {
    const [erring, fine] = healthFactors([after(10, { failed: true, durationMs: 10 }), after(10, good)], NOW);
    expect([fine, erring! < 0.2]).toEqual([1, true]);
    const [slow, fast] = healthFactors([after(10, { ...good, durationMs: 1000 }), after(10, good)], NOW);
    expect([fast, slow! < 0.2]).toEqual([1, true]);
  });

  it('move nothing when all are slow, or all err', () => {
    const slow = after(20, { ...good, durationMs: 5000 });
    expect(healthFactors([slow, { ...slow, latencyMs: 7000 }], NOW)).toEqual([1, 1]);
    const erring = after(20, { failed: true, durationMs: 10 });
    expect(healthFactors([erring, erring], NOW)).toEqual([1, 1]);
  });

  it('drift back when nothing is heard, and with calls that go well', () => {
    const erring = after(20, { failed: true, durationMs: 10 });
    const others = [after(20, good)];
    const factors = [0, 60_000, 600_000].map((later) => healthFactors([erring, ...others], NOW + later)[0]!);
    expect(factors[0]).toBeLessThan(0.1);
    expect(factors[1]).toBeGreaterThan(0.4);
    expect(factors[2]).toBeGreaterThan(0.99);
    expect(healthFactors([after(40, good, erring), ...others], NOW)[0]).toBeGreaterThan(0.9);
  });
});
