import { waitForProvider } from './provider-wait';

const NOW = 1_900_000_000_000;
const wait = (ageMs: number, lane: 'critical' | 'default' | 'bulk', random = 0) =>
  waitForProvider(
    { delayMs: 5000, reason: 'breaker_open' },
    { lane, firstDueAt: new Date(NOW - ageMs) },
    NOW,
    random,
  );

describe('waitForProvider', () => {
  it('waits as long as the breaker is open, spread over as much again', () => {
    expect([wait(0, 'default'), wait(0, 'default', 0.5)]).toEqual([5000, 7500]);
  });

  it('waits the longer the longer it has waited, up to what the lane allows', () => {
    expect([40_000, 120_000, 3_600_000].map((age) => wait(age, 'default'))).toEqual([10_000, 30_000, 60_000]);
    expect([wait(3_600_000, 'critical'), wait(3_600_000, 'bulk')]).toEqual([10_000, 300_000]);
  });

  it('keeps the turn that a limit gave', () => {
    const turn = { delayMs: 1234, reason: 'provider_limit' } as const;
    expect(waitForProvider(turn, { lane: 'bulk', firstDueAt: new Date(0) }, NOW, 0.9)).toBe(1234);
  });
});
