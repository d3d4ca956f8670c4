import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium, withChromium } from '../testing/chromium';
import { ANDROID_TOKEN, androidPush, IOS_TOKEN, iosPush } from '../testing/push-fixtures';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

jest.setTimeout(60_000);

withChromium('push on the page', () => {
  let browser: Browser;
  let sandbox: TestSandbox;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  const phone = () => page.locator('.phone');
  const fact = (name: string) => page.locator('.facts > div', { hasText: name }).locator('dd').first();
  const row = (text: string) => page.locator('#list a', { hasText: text });

  beforeAll(async () => {
    browser = await launchChromium();
    sandbox = await startTestSandbox();
  });
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(sandbox.httpUrl);
    await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  });
  afterEach(async () => {
    await context.close();
    sandbox.store.clear();
    sandbox.behaviours.clear();
    expect(errors).toEqual([]);
  });
  afterAll(async () => {
    await sandbox.stop();
    await browser.close();
  });

  it('shows a notification on the lock screen of an iPhone, and what was asked for beside it', async () => {
    sandbox.store.add(
      iosPush({
        title: 'Your order is on its way',
        subtitle: 'Order 42',
        body: 'It arrives between 2 and 4 pm.',
        image: `${sandbox.httpUrl}/icon.svg`,
        badge: 3,
        sound: 'chime.caf',
        threadId: 'order-42',
        interruptionLevel: 'time-sensitive',
        priority: '10',
        ttlSeconds: 7200,
        collapseKey: 'order-42-status',
        clickAction: 'shop://orders/42',
        data: { orderId: '42' },
      }),
    );
    await row('Your order is on its way').click();
    await phone().getByText('Shop', { exact: true }).first().waitFor();
    for (const text of ['Order 42', 'It arrives between 2 and 4 pm.', 'Time sensitive', 'Group “order-42”']) {
      await phone().getByText(text).waitFor();
    }
    await phone().getByText('shows the number 3').waitFor({ state: 'attached' });
    await phone().locator('img.notice-thumb').waitFor();
    expect(await fact('Token').innerText()).toBe(IOS_TOKEN);
    expect(await fact('Provider').innerText()).toBe('APNs');
    expect(await fact('Time to live').innerText()).toBe('2 hours');
    expect(await fact('Collapse key').innerText()).toBe('order-42-status');
    expect(await fact('Click opens').innerText()).toBe('shop://orders/42');
    await page.getByLabel('Payload as JSON').getByText('"aps"').waitFor();
    await page.getByRole('tab', { name: 'Data for the app' }).click();
    await page.getByLabel('Data as JSON').getByText('"orderId"').waitFor();
    expect(await row('Your order').innerText()).toMatch(/7c1f7c1f\S*…\S+ · It arrives between/);
  });

  it('shows one on an Android phone, in its channel', async () => {
    sandbox.store.add(
      androidPush({
        title: 'Sale',
        body: 'Everything must go',
        channelId: 'offers',
        color: '#0a7f5c',
        tag: 'sale',
      }),
    );
    await row('Sale').click();
    await phone().getByText('Acme shop · offers').waitFor();
    expect(await fact('Platform').innerText()).toBe('Android');
    expect(await fact('Token').innerText()).toBe(ANDROID_TOKEN);
    const colour = "getComputedStyle(document.querySelector('.notice .app-icon')).backgroundColor";
    expect(await page.evaluate(colour)).toBe('rgb(10, 127, 92)');
  });

  it('says of a silent push that nothing is shown, and what the app is woken with', async () => {
    sandbox.store.add(iosPush({ status: 'silent', data: { sync: 'inbox' }, payload: { aps: {} } }));
    await row('Silent push').click();
    await phone().getByText('Nothing is shown; the app is woken with this data:').waitFor();
    await phone().getByText('inbox').waitFor();
    expect(await phone().getByRole('list').count()).toBe(0);
  });

  it('stacks the earlier ones of a group, without those that were replaced', async () => {
    const status = (body: string) => iosPush({ title: body, threadId: 'order-42', collapseKey: 'status' });
    sandbox.store.add(iosPush({ title: 'Paid', threadId: 'order-42' }));
    sandbox.store.add(status('Packed'));
    sandbox.store.add(iosPush({ title: 'Unrelated', threadId: 'chat' }));
    sandbox.store.add(iosPush({ title: 'Elsewhere', threadId: 'order-42', to: 'another device' }));
    sandbox.store.add(status('Shipped'));
    await row('Shipped').click();
    await phone().getByText('Paid').waitFor();
    expect(await phone().getByRole('listitem').count()).toBe(2);
    await row('Packed').click();
    await page.getByText('A later notification has taken the place of this one').waitFor();
  });

  it('runs nothing that a push brings along, and loads no picture by plain HTTP', async () => {
    const attack = '<img src=x onerror="top.hacked = 1">';
    const requested: string[] = [];
    page.on('request', (request) => requested.push(request.url()));
    const image = 'http://tracker.test/pixel.png';
    sandbox.store.add(
      androidPush({
        title: attack,
        body: attack,
        image,
        clickAction: 'javascript:top.hacked=1',
        color: 'red;x',
      }),
    );
    await page.locator('#list a').first().click();
    await phone().getByRole('img', { name: 'A picture that is not shown here' }).waitFor();
    expect(await page.evaluate('typeof hacked')).toBe('undefined');
    expect(await page.locator('#detail a[href^="javascript"]').count()).toBe(0);
    expect(requested.filter((url) => !url.startsWith(sandbox.httpUrl))).toEqual([]);
  });

  it('lets a door to a push service misbehave', async () => {
    await page.getByRole('button', { name: 'Misbehave' }).click();
    await page.getByRole('button', { name: 'Dead device' }).click();
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByText('Push by FCM:').waitFor();
    expect(sandbox.behaviours.list()).toMatchObject([
      { channel: 'push', match: { provider: 'fcm' }, action: { type: 'fail', code: 404 }, times: 1 },
    ]);
    await page.getByLabel('By', { exact: true }).selectOption('APNs');
    const channels = await page.getByLabel('Channel', { exact: true }).locator('option').allInnerTexts();
    expect(channels).toEqual(['Email', 'SMS', 'Push', 'Web push', 'Webhook', 'Every channel']);
  });

  it('fits a narrow screen', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    sandbox.store.add(iosPush({ title: 'On the phone', body: 'x'.repeat(300) }));
    await row('On the phone').click();
    await phone().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    expect(await page.evaluate("document.querySelector('#detail').scrollWidth")).toBe(390);
  });
});
