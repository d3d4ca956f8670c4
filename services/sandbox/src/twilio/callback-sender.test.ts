import { validateRequest } from 'twilio';
import { type CallbackCatcher, catchCallbacks } from '../testing/callback-catcher';
import { eventually, TestLogger } from '../testing/test-sandbox';
import { type Callback, CallbackSender } from './callback-sender';
import { twilioCallback } from './twilio-callback';

const authToken = 'secret';

describe('CallbackSender', () => {
  let catcher: CallbackCatcher | undefined;
  let sender: CallbackSender | undefined;
  const logger = new TestLogger();
  const make = (options: object = {}) => new CallbackSender({ logger, retryDelaysMs: [5, 5], ...options });
  const callback = (url: string): Callback => twilioCallback(url, authToken, { MessageStatus: 'sent' });

  afterEach(async () => {
    await sender?.stop();
    await catcher?.stop();
    logger.lines.length = 0;
  });

  it('signs so that the library of Twilio agrees', async () => {
    catcher = await catchCallbacks();
    sender = make();
    const url = `${catcher.url}/receipts?delivery=1&x=%20y`;
    const form = { To: '+49151', From: 'Ümlaut & Co', MessageStatus: 'sent', Body: '🎉' };
    sender.schedule(0, () => twilioCallback(url, authToken, form));
    const [first] = await eventually(() => catcher?.caught.length === 1 && catcher.caught);
    expect(first?.form).toEqual(form);
    expect(validateRequest(authToken, first?.headers['x-twilio-signature'] ?? '', url, form)).toBe(true);
  });

  it('tries again what failed, with the same idempotency token', async () => {
    catcher = await catchCallbacks((nth) => (nth < 3 ? 503 : 204));
    sender = make();
    const { url, caught } = catcher;
    sender.schedule(0, () => callback(url));
    await eventually(() => caught.length === 3);
    expect(new Set(caught.map(({ headers }) => headers['i-twilio-idempotency-token'])).size).toBe(1);
    expect(logger.complaints()).toEqual([]);
  });

  it('gives up after a few tries, and at once when refused', async () => {
    catcher = await catchCallbacks((nth) => (nth === 1 ? 403 : 500));
    sender = make();
    const { url, caught } = catcher;
    sender.schedule(0, () => callback(url));
    await eventually(() => logger.complaints().length === 1);
    expect(caught.length).toBe(1);
    sender.schedule(0, () => callback(url));
    await eventually(() => logger.complaints().length === 2);
    expect(caught.length).toBe(4);
  });

  it('complains when nobody answers', async () => {
    sender = make();
    sender.schedule(0, () => callback('http://127.0.0.1:1/'));
    await eventually(() => logger.complaints().length === 1);
  });

  it('has a bounded number under way', async () => {
    let under = 0;
    let most = 0;
    catcher = await catchCallbacks(async () => {
      under += 1;
      most = Math.max(most, under);
      await new Promise((resolve) => setTimeout(resolve, 5));
      under -= 1;
      return 204;
    });
    const { url, caught } = catcher;
    sender = make({ concurrency: 4 });
    for (let index = 0; index < 40; index += 1) sender.schedule(0, () => callback(url));
    await eventually(() => caught.length === 40);
    expect(most).toBe(4);
  });

  it('forgets what is not due yet when it stops', async () => {
    catcher = await catchCallbacks();
    sender = make();
    const { url, caught } = catcher;
    sender.schedule(60_000, () => callback(url));
    await sender.stop();
    sender.schedule(0, () => callback(url));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(caught).toEqual([]);
  });
});
