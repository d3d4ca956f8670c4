import { createECDH } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, type CDPSession, chromium, type Page } from 'playwright-core';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

const USUAL_PATHS = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];
const executablePath = [process.env.CHROMIUM_PATH, ...USUAL_PATHS].find((path) => path && existsSync(path));
if (executablePath === undefined) {
  console.warn('The tests of the page are skipped: no Chromium was found; install one or set CHROMIUM_PATH.');
}
const run = executablePath === undefined ? describe.skip : describe;

jest.setTimeout(60_000);

const pair = createECDH('prime256v1');
pair.generateKeys();
const KEY = pair.getPublicKey('base64url');

run('the example page for web push', () => {
  let browser: Browser;
  let sandbox: TestSandbox;
  let context: BrowserContext;
  let page: Page;
  let devtools: CDPSession;
  let requested: string[];

  const open = async (path = '/app/push') => {
    page = await context.newPage();
    page.on('request', (request) => requested.push(request.url()));
    page.on('pageerror', (error) => requested.push(`error: ${error}`));
    devtools = await context.newCDPSession(page);
    await page.goto(sandbox.httpUrl + path);
    await page.getByText('Not subscribed.').waitFor();
  };
  /** What a push service does: hands a message to the browser, which wakes the service worker. */
  const deliver = async (data: string) => {
    const registered = new Promise<string>((resolve) => {
      devtools.on('ServiceWorker.workerRegistrationUpdated', ({ registrations }) => {
        const [registration] = registrations;
        if (registration) resolve(registration.registrationId);
      });
    });
    await devtools.send('ServiceWorker.enable');
    const registrationId = await registered;
    await devtools.send('ServiceWorker.deliverPushMessage', {
      origin: sandbox.httpUrl,
      registrationId,
      data,
    });
  };
  // biome-ignore lint/suspicious/noExplicitAny: what the browser shows, read over there
  const shown = (): Promise<any[]> =>
    page.evaluate(`navigator.serviceWorker.ready.then(async (registration) =>
      (await registration.getNotifications()).map(({ title, body, tag, icon, requireInteraction, silent, data, actions }) =>
        ({ title, body, tag, icon, requireInteraction, silent, data, actions: actions.map(({ action }) => action) })))`);

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    sandbox = await startTestSandbox({
      webpush: {
        vapidPublicKey: () => KEY,
        api: () => ({ url: 'http://127.0.0.1:3999', key: 'hk_live_of_the_tests' }),
      },
    });
  });
  beforeEach(async () => {
    requested = [];
    context = await browser.newContext();
    await context.grantPermissions(['notifications'], { origin: sandbox.httpUrl });
  });
  afterEach(async () => {
    await context.close();
    expect(requested.filter((url) => !url.startsWith(sandbox.httpUrl))).toEqual([]);
  });
  afterAll(async () => {
    await sandbox.stop();
    await browser.close();
  });

  it('knows what to subscribe with: from the sandbox, or from its own address', async () => {
    await open();
    expect(page.url()).toBe(`${sandbox.httpUrl}/app/push/`);
    expect(await page.getByLabel('VAPID public key').inputValue()).toBe(KEY);
    await page.close();
    await open('/app/push?key=another');
    expect(await page.getByLabel('VAPID public key').inputValue()).toBe('another');
  });

  it('subscribes, or says why this browser cannot', async () => {
    await open();
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
    const subscribed = page.getByText('Subscribed.', { exact: true });
    const problem = page.getByRole('alert').getByText('it reaches no push service');
    await subscribed.or(problem).first().waitFor();
    if (await problem.isVisible()) return;
    await page.getByText('http://127.0.0.1:3999/v1/notifications').waitFor();
    const json = await page.getByLabel('Subscription').innerText();
    expect(JSON.parse(json)).toMatchObject({ endpoint: expect.any(String), keys: expect.any(Object) });
  });

  it('says that a key is none', async () => {
    await open('/app/push?key=nonsense');
    await page.getByRole('button', { name: 'Subscribe', exact: true }).click();
    await page.getByText('This is no VAPID public key.').waitFor();
  });

  it('shows what arrives as a notification, and lists it', async () => {
    await open();
    const content = {
      title: 'Grüße',
      body: 'Your order is on its way',
      icon: `${sandbox.httpUrl}/icon.svg`,
      tag: 'orders',
      requireInteraction: true,
      silent: true,
      url: 'https://example.com/orders/42',
      data: { order: 42 },
      actions: [{ action: 'track', title: 'Track' }],
    };
    await deliver(JSON.stringify(content));
    await page.getByRole('listitem').getByText('Your order is on its way').waitFor();
    expect(await shown()).toEqual([
      {
        title: 'Grüße',
        body: 'Your order is on its way',
        tag: 'orders',
        icon: content.icon,
        requireInteraction: true,
        silent: true,
        data: { url: content.url, data: { order: 42 } },
        actions: ['track'],
      },
    ]);
  });

  it('shows a message without JSON too', async () => {
    await open();
    await deliver('Just text');
    await page.getByRole('listitem').getByText('Just text').waitFor();
    expect(await shown()).toMatchObject([{ title: 'Just text' }]);
  });
});
