import { createTransport, type Transporter } from 'nodemailer';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { Webhook } from 'standardwebhooks';
import { launchChromium, withChromium } from '../testing/chromium';
import { ACCOUNT, startTestSandbox, type TestSandbox, WEBHOOK_SECRET } from '../testing/test-sandbox';

jest.setTimeout(30_000);

withChromium('the page', () => {
  let browser: Browser;
  let sandbox: TestSandbox;
  let mail: Transporter;
  let context: BrowserContext;
  let page: Page;
  let requested: string[];

  const open = async (options: object = {}) => {
    context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    page = await context.newPage();
    requested = [];
    page.on('request', (request) => requested.push(request.url()));
    page.on('pageerror', (error) => requested.push(`error: ${error}`));
    await page.goto(sandbox.httpUrl);
    await page.getByText('Live', { exact: true }).waitFor({ state: 'attached' });
  };
  const send = (more: object = {}) =>
    mail.sendMail({
      from: 'Acme <a@acme.test>',
      to: 'ada@x.test',
      subject: 'Hello',
      text: 'Hi Ada',
      ...more,
    });
  const sms = (to: string, body: string) =>
    fetch(`${sandbox.httpUrl}/2010-04-01/Accounts/${ACCOUNT.sid}/Messages.json`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${ACCOUNT.sid}:${ACCOUNT.authToken}`).toString('base64')}`,
      },
      body: new URLSearchParams({ To: to, From: 'Acme', Body: body }),
    });
  const webhook = (path: string, body: string, at = new Date()) =>
    fetch(sandbox.httpUrl + path, {
      method: 'POST',
      headers: {
        'webhook-id': 'msg_1',
        'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
        'webhook-signature': new Webhook(WEBHOOK_SECRET).sign('msg_1', at, body),
      },
      body,
    });
  const row = (text: string) => page.locator('#list a', { hasText: text });
  const detail = () => page.locator('#detail');

  beforeAll(async () => {
    browser = await launchChromium();
    sandbox = await startTestSandbox({ firstRequest: () => 'curl herald' });
    mail = createTransport({ host: '127.0.0.1', port: sandbox.smtpPort, ignoreTLS: true });
  });
  beforeEach(() => open());
  afterEach(async () => {
    await context.close();
    sandbox.store.clear();
    sandbox.behaviours.clear();
    const elsewhere = requested.filter((url) => !url.startsWith(sandbox.httpUrl));
    expect(elsewhere).toEqual([]);
  });
  afterAll(async () => {
    await sandbox.stop();
    await browser.close();
  });

  it('tells a newcomer how to send, then opens the first message by itself', async () => {
    await detail().getByText('Waiting for the first message').waitFor();
    await detail().getByText('curl herald').waitFor();
    await detail().getByText(`smtp://127.0.0.1:${sandbox.smtpPort}`).waitFor();
    await send({ subject: 'The first' });
    await detail().getByRole('heading', { name: 'The first' }).waitFor();
  });

  it('shows an email as HTML, text, headers and source', async () => {
    await send({ html: '<h1>Rich</h1><a href="https://x.test/">go</a>', messageId: '<m1@x.test>' });
    await row('Hello').click();
    const frame = page.frameLocator('iframe.mail-frame');
    await frame.getByRole('heading', { name: 'Rich' }).waitFor();
    await page.getByRole('tab', { name: 'Text' }).click();
    await detail().getByText('Hi Ada').waitFor();
    await page.getByRole('tab', { name: 'Text' }).press('ArrowRight');
    await detail().getByRole('rowheader', { name: 'message-id' }).waitFor();
    await page.getByRole('tab', { name: 'Source' }).click();
    await detail().getByText('Message-ID: <m1@x.test>').waitFor();
  });

  it('runs nothing that a message brings along', async () => {
    const attack = '<img src=x onerror="top.hacked = 1"><script>top.hacked = 1</script>';
    await send({
      subject: attack,
      from: `"${attack.replaceAll('"', "'")}" <a@x.test>`,
      text: attack,
      html: attack,
    });
    await sms('+4915112345678', attack);
    await webhook(`/webhook/${encodeURIComponent(attack)}`, JSON.stringify({ [attack]: attack }));
    for (const index of [0, 1, 2]) {
      await page.locator('#list a').nth(index).click();
      await page.locator('#list a[aria-current]').nth(0).waitFor();
      for (const tab of await page.getByRole('tab').all()) await tab.click();
    }
    await page.frameLocator('iframe.mail-frame').locator('img').waitFor({ state: 'attached' });
    expect(await page.evaluate('typeof hacked')).toBe('undefined');
    expect(await page.locator('#list img, #list script, #detail script').count()).toBe(0);
    // The broken image of the attack is the frame's own request, blocked by its policy.
    requested = requested.filter((url) => !url.endsWith('/x'));
  });

  it('shows an SMS as a phone does, and follows its status', async () => {
    await sms('+4915112345678', 'Your code is 482913');
    await row('Your code is 482913').click();
    await detail().getByText('1 segment · GSM-7').waitFor();
    await detail().getByText('delivered', { exact: true }).waitFor();
    await row('delivered').waitFor();
  });

  it('shows a webhook with the verdict on its signature', async () => {
    await webhook('/webhook/orders', '{"order":42}');
    await row('POST /webhook/orders').click();
    await detail().getByText('The signature holds').waitFor();
    await detail().getByText('"order"').waitFor();
    await webhook('/webhook/old', '{}', new Date(0));
    await row('POST /webhook/old').click();
    await detail().getByText('The signature does not hold').waitFor();
  });

  it('searches and filters', async () => {
    await send({ subject: 'Invoice 7', text: 'teapot' });
    await sms('+4915112345678', 'parcel');
    await row('parcel').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('teapot');
    await row('parcel').waitFor({ state: 'detached' });
    await row('Invoice 7').waitFor();
    await page.getByLabel('Search the messages').fill('');
    await page.getByRole('button', { name: /^SMS/ }).click();
    await row('Invoice 7').waitFor({ state: 'detached' });
    await row('parcel').waitFor();
    await page.getByRole('button', { name: /^Webhook/ }).click();
    await page.getByText('Nothing that arrived fits this search.').waitFor();
  });

  it('adds a rule from an example, shows it while in force, and removes it', async () => {
    await page.getByRole('button', { name: 'Misbehave' }).click();
    await page.getByRole('button', { name: 'SMS never arrives' }).click();
    await page.getByLabel('To', { exact: true }).fill('+49151*');
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByText('SMS to +49151*:').waitFor();
    expect(sandbox.behaviours.list()).toMatchObject([
      { channel: 'sms', match: { to: '+49151*' }, action: { type: 'undelivered', errorCode: 30003 } },
    ]);
    await sms('+4915112345678', 'lost');
    await page.getByText('applied once, until removed').waitFor();
    await page.getByRole('button', { name: /^Remove/ }).click();
    await page.getByText('None: everything is accepted and delivered.').waitFor();
    expect(sandbox.behaviours.list()).toEqual([]);
    await page.keyboard.press('Escape');
    await row('undelivered').waitFor();
  });

  it('makes one provider of a channel fail and leaves the others alone', async () => {
    await page.getByRole('button', { name: 'Misbehave' }).click();
    await page.getByRole('button', { name: 'Twilio is down' }).click();
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByText('SMS by Twilio:').waitFor();
    expect(sandbox.behaviours.list()).toMatchObject([{ channel: 'sms', match: { provider: 'twilio' } }]);
    await page.getByLabel('Channel', { exact: true }).selectOption('Webhook');
    expect(await page.getByLabel('By', { exact: true }).isDisabled()).toBe(true);
    sandbox.behaviours.clear();
  });

  it('says what is wrong with a rule', async () => {
    await page.getByRole('button', { name: 'Misbehave' }).click();
    await page.getByLabel('Code').fill('12');
    await page.getByRole('button', { name: 'Add rule' }).click();
    await page.getByText('code must be an SMTP reply code').waitFor();
  });

  it('clears everything, after asking', async () => {
    await send();
    await row('Hello').waitFor();
    await page.getByRole('button', { name: 'Clear all messages' }).click();
    await page.getByRole('button', { name: 'Clear', exact: true }).click();
    await detail().getByText('Waiting for the first message').waitFor();
    expect(sandbox.store.size).toBe(0);
  });

  it('can be used by keyboard', async () => {
    await send({ subject: 'older' });
    await send({ subject: 'newer' });
    await row('newer').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await detail().getByRole('heading', { name: 'older' }).waitFor();
    await page.keyboard.press('Escape');
    await detail().getByText('Pick a message').waitFor();
  });

  it('fits a phone: the list, then the message, and back', async () => {
    await context.close();
    await open({ viewport: { width: 390, height: 844 } });
    await send({ subject: 'On the phone' });
    await row('On the phone').click();
    await detail().getByRole('heading', { name: 'On the phone' }).waitFor();
    expect(await row('On the phone').isVisible()).toBe(false);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBe(390);
    await page.getByRole('link', { name: 'All messages' }).click();
    await row('On the phone').waitFor();
  });

  it('follows the system into the dark, and remembers a choice', async () => {
    await context.close();
    await open({ colorScheme: 'dark' });
    const theme = () => page.evaluate('document.documentElement.dataset.theme');
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Switch between light and dark' }).click();
    await page.reload();
    expect(await theme()).toBe('light');
  });
});
