import { Congestion } from './congestion';

const congestion = () => new Congestion({ maxBatch: 200, maxInFlight: 2, maxWaitMs: 1000 });

describe('Congestion', () => {
  it('lets in as long as what waits is soon done', () => {
    const quick = congestion();
    for (let flush = 0; flush < 50; flush += 1) quick.flushed(200, 20);
    expect(quick.expectedWaitMs(4000)).toBeCloseTo(200);
    expect(quick.retryAfterSeconds(19_000)).toBeUndefined();
    expect(quick.retryAfterSeconds(24_000)).toBe(2);
  });

  it('refuses earlier when flushes are slow, and lets in again when they are quick', () => {
    const slow = congestion();
    for (let flush = 0; flush < 50; flush += 1) slow.flushed(200, 400);
    expect(slow.retryAfterSeconds(900)).toBeUndefined();
    expect(slow.retryAfterSeconds(2000)).toBe(2);
    for (let flush = 0; flush < 50; flush += 1) slow.flushed(200, 20);
    expect(slow.retryAfterSeconds(2000)).toBeUndefined();
  });

  it('learns nothing from small flushes', () => {
    const idle = congestion();
    for (let flush = 0; flush < 50; flush += 1) idle.flushed(3, 900);
    expect(idle.expectedWaitMs(4000)).toBeCloseTo(200);
  });
});
