import fc from 'fast-check';
import { TokenBucket } from './token-bucket';

describe('TokenBucket', () => {
  it('lets a burst of one second through, then refills', () => {
    const bucket = new TokenBucket(2, 0);
    expect([bucket.take(0), bucket.take(0), bucket.take(0)]).toEqual([true, true, false]);
    expect([bucket.take(500), bucket.take(500)]).toEqual([true, false]);
  });

  it('lets one through at once even when less than one a second may pass', () => {
    const bucket = new TokenBucket(0.5, 0);
    expect([bucket.take(0), bucket.take(1000), bucket.take(2000)]).toEqual([true, false, true]);
  });

  it('never lets more through than its rate and one burst', () => {
    const steps = fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), steps, (perSecond, waits) => {
        const bucket = new TokenBucket(perSecond, 0);
        let now = 0;
        let passed = 0;
        for (const wait of waits) {
          now += wait;
          if (bucket.take(now)) passed += 1;
        }
        expect(passed).toBeLessThanOrEqual(perSecond + (now / 1000) * perSecond + 1e-6);
      }),
    );
  });
});
