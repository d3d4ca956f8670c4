/**
 * On a machine that is not ours alone a test of started processes can fail for want of time. In CI such a test is run once
 * more, and what failed first is printed: two failures are a fault.
 */
if (process.env.CI) jest.retryTimes(1, { logErrorsBeforeRetry: true, retryImmediately: true });
