// Loaded before a service: its wall clock is wrong by CLOCK_SKEW_MS. The monotonic clock stays right, as it does when a
// machine's time is set wrong.
'use strict';
const skewMs = Number(process.env.CLOCK_SKEW_MS);
const RealDate = Date;
class SkewedDate extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + skewMs);
    else super(...args);
  }

  static now() {
    return RealDate.now() + skewMs;
  }
}
globalThis.Date = SkewedDate;
