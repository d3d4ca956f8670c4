import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium, withChromium } from '../testing/chromium';
import { FeedServer, tokenOf } from '../testing/feed-server';
import { eventually, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

jest.setTimeout(60_000);

withChromium('the in-app feed on the page', () => {
  let browser: Browser;
  let feed: FeedServer;
  let sandbox: TestSandbox;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  const app = () => page.locator('.feed');
  const fact = (name: string) => page.locator('.facts > div', { hasText: name }).locator('dd').first();
  const row = (text: string) => page.locator('#list a', { hasText: text });
  const button = (name: string) => page.getByRole('button', { name, exact: true });

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    feed = await FeedServer.start();
    const tokenFor = async (recipient: string) => tokenOf(recipient, 1);
    sandbox = await startTestSandbox({
      inapp: { socketUrl: () => feed.url, tokenFor, recipients: ['user_42'] },
    });
    context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    page = await context.newPage();
    errors = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(sandbox.httpUrl);
    await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
    await eventually(() => feed.framesOf('hello').length === 1);
  });
  afterEach(async () => {
    await context.close();
    await sandbox.stop();
    await feed.stop();
    expect(errors).toEqual([]);
  });
  afterAll(() => browser.close());

  it('shows the feed as the app of its recipient does', async () => {
    feed.post('user_42', { title: 'Welcome' });
    feed.post('user_42', {
      title: 'Shipped',
      body: 'Your parcel is on its way.',
      category: 'orders',
      url: '/orders/42',
      imageUrl: `${sandbox.httpUrl}/icon.svg`,
      data: { order: 42 },
    });
    await row('Shipped').click();
    const items = app().getByRole('listitem');
    await items.nth(1).waitFor();
    expect(await items.nth(0).innerText()).toMatch(/Unseen:\s+Shipped/);
    expect(await items.nth(0).innerText()).toMatch(/Your parcel is on its way\.\s+orders\s+\/orders\/42/);
    expect(await items.nth(1).innerText()).toMatch(/Welcome/);
    expect(await app().locator('[aria-current]').innerText()).toMatch(/Shipped/);
    await app().getByText('2 unread').waitFor();
    await app().getByText('2 unseen').waitFor({ state: 'attached' });
    await app().locator('img.feed-image').waitFor();
    expect(await fact('Status').innerText()).toBe('unseen');
    expect(await fact('Category').innerText()).toBe('orders');
    await page.getByLabel('Data as JSON').getByText('"order"').waitFor();
    await app()
      .getByRole('link', { name: /Welcome/ })
      .click();
    await page.getByRole('heading', { name: 'Welcome' }).waitFor();
  });

  it('marks items as the recipient would, and keeps the focus where it was', async () => {
    feed.post('user_42', { title: 'Shipped' });
    await row('Shipped').click();
    await button('Mark read').focus();
    await page.keyboard.press('Enter');
    await button('Mark unread').waitFor();
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Mark unread');
    await app().getByText('0 unread').waitFor();
    await row('read').waitFor();
    await button('Archive').click();
    await button('Unarchive').waitFor();
    await page.getByText('This item is archived').waitFor({ state: 'attached' });
    expect(feed.framesOf('mark').map(({ as }) => as)).toEqual(['read', 'archived']);
    feed.post('user_42', { title: 'Delivered' });
    await row('Delivered').click();
    await app().getByRole('listitem').first().waitFor();
    expect(await app().getByRole('listitem').count()).toBe(1);
  });

  it('follows what happens elsewhere: new items, and those read in another app', async () => {
    const first = feed.post('user_42', { title: 'First' });
    await row('First').click();
    feed.post('user_42', { title: 'Second' });
    await app().getByText('Second').waitFor();
    const readAt = new Date().toISOString();
    const counts = { unseen: 1, unread: 1 };
    feed.say('user_42', {
      type: 'items',
      items: [{ ...first, seenAt: readAt, readAt }],
      cursor: '9',
      counts,
    });
    await button('Mark unread').waitFor();
    await app().getByText('1 unread').waitFor();
  });

  it('signs in another recipient, whose feed then arrives', async () => {
    await page.getByRole('button', { name: /^In-app/ }).click();
    const names = page.getByRole('list', { name: 'Signed in as' });
    await names.getByText('user_42').waitFor();
    await page.getByLabel('Recipient to sign in').fill('user_7');
    await page.keyboard.press('Enter');
    await names.getByText('user_7').waitFor();
    await names.locator('.up', { hasText: 'user_7' }).waitFor();
    feed.post('user_7', { title: 'For seven' });
    await row('For seven').waitFor();
    await page.getByRole('button', { name: /^SMS/ }).click();
    await names.waitFor({ state: 'hidden' });
  });

  it('says when the app is not connected', async () => {
    feed.post('user_42', { title: 'Shipped' });
    await row('Shipped').click();
    await app().getByText('1 unread').waitFor();
    await feed.stop();
    await app().getByText('not connected').waitFor();
    await button('Mark read').click();
    await page.getByText('The app has no connection to the feed').waitFor();
    feed = await FeedServer.start(feed.port);
    await app().getByText('0 unread').waitFor();
  });
});
