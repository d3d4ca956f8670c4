/** Lets `perSecond` pass on average, and at most a second's worth (or one) at once. */
export class TokenBucket {
  private readonly capacity: number;
  private tokens: number;
  private refilledAt: number;

  constructor(
    private readonly perSecond: number,
    nowMs: number,
  ) {
    this.capacity = Math.max(1, perSecond);
    this.tokens = this.capacity;
    this.refilledAt = nowMs;
  }

  /** Takes one token if there is one at `nowMs`, a monotonic time in milliseconds. */
  take(nowMs: number): boolean {
    const gained = ((nowMs - this.refilledAt) / 1000) * this.perSecond;
    this.tokens = Math.min(this.capacity, this.tokens + gained);
    this.refilledAt = nowMs;
    if (this.tokens < 1) return false;
    this.tokens -= 1;
    return true;
  }
}
