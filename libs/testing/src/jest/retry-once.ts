/**
 * On a machine that is not ours alone a test that waits for others can fail for want of time. In CI it is run once
 * more, and what failed first is printed: two failures are a fault.
 */
if (process.env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true });
