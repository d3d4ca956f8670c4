/** How many messages a client may still send: so many a second, and twice as many at once. */
export class MessageAllowance {
  private left: number;
  private at: number;

  constructor(
    private readonly perSecond: number,
    now: number,
  ) {
    this.left = perSecond * 2;
    this.at = now;
  }

  /** Counts a message; false when it is one too many. */
  take(now: number): boolean {
    const gained = (Math.max(0, now - this.at) * this.perSecond) / 1000;
    this.left = Math.min(this.perSecond * 2, this.left + gained);
    this.at = now;
    if (this.left < 1) return false;
    this.left -= 1;
    return true;
  }
}
