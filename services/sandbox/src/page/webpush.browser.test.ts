import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchChromium, withChromium } from '../testing/chromium';
import { webPush } from '../testing/push-fixtures';
import { startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

jest.setTimeout(60_000);

withChromium('web push on the page', () => {
  let browser: Browser;
  let sandbox: TestSandbox;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  const bubble = () => page.locator('.notification');
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
    expect(errors).toEqual([]);
  });
  afterAll(async () => {
    await sandbox.stop();
    await browser.close();
  });

  it('shows a notification as a browser does, and the facts of its request', async () => {
    sandbox.store.add(
      webPush(
        {
          title: 'Price alert',
          body: 'The lamp you watch is 20 % off.',
          icon: `${sandbox.httpUrl}/icon.svg`,
          image: `${sandbox.httpUrl}/icon.svg`,
          url: 'https://shop.test/lamps/7',
          tag: 'lamp-7',
          requireInteraction: true,
          actions: [
            { action: 'buy', title: 'Buy now' },
            { action: 'later', title: 'Not now' },
          ],
          data: { lamp: 7 },
        },
        { topic: 'lamp-7' },
      ),
    );
    await row('Price alert').click();
    await bubble().getByText('The lamp you watch is 20 % off.').waitFor();
    await bubble().getByText('Browser · shop.test').waitFor();
    expect(await bubble().locator('img').count()).toBe(2);
    expect(await bubble().getByRole('list', { name: 'Actions' }).innerText()).toMatch(/Buy now\s+Not now/);
    await page.getByText('stays until it is dismissed').waitFor();
    expect(await fact('Endpoint').innerText()).toMatch(/^https:\/\/push\.example\.test\/wpush\/v1\//);
    expect(await fact('Time to live').innerText()).toBe('1 day');
    expect(await fact('Urgency').innerText()).toBe('high');
    expect(await fact('Topic').innerText()).toBe('lamp-7');
    expect(await fact('VAPID subject').innerText()).toBe('mailto:ops@shop.test');
    expect(await fact('VAPID key').innerText()).toMatch(/^B/);
    await page.getByLabel('Payload as JSON').getByText('"lamp"').waitFor();
    await page.getByRole('tab', { name: 'Actions' }).click();
    await page.getByRole('rowheader', { name: 'buy' }).waitFor();
    expect(await row('Price alert').innerText()).toMatch(/push\.exam\S*test\/…\S{4} · The lamp/);
  });

  it('says of one that the browser cannot decrypt that nothing is shown', async () => {
    sandbox.store.add(webPush(null));
    await row('unreadable').click();
    await bubble().getByText('The browser cannot decrypt this push').waitFor();
    await page.getByText('There is no payload that could be read.').waitFor();
  });

  it('shows payloads of every shape', async () => {
    sandbox.store.add(
      webPush({ title: 'odd', actions: [null, 7, { action: 'x', title: { y: 1 } }], icon: 'javascript:1' }),
    );
    sandbox.store.add(webPush({ no: 'title' }));
    await row('odd').click();
    await bubble().getByText('odd').waitFor();
    await row('(no title)').click();
    await bubble().getByText('(no title)').waitFor();
    await page.getByLabel('Payload as JSON').getByText('"no"').waitFor();
  });
});
