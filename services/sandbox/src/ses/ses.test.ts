import { generateKeyPairSync, verify, X509Certificate } from 'node:crypto';
import { createTransport } from 'nodemailer';
import { type CallbackCatcher, catchCallbacks } from '../testing/callback-catcher';
import { eventually, SES_ACCOUNT, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';
import { selfSignedCertificate } from './self-signed-certificate';
import { snsSigner } from './sns-signer';
import { SnsTopic } from './sns-topic';

const { topicArn, smtpUsername: user, smtpPassword: pass } = SES_ACCOUNT;

describe('SES and SNS', () => {
  let sandbox: TestSandbox;
  let catcher: CallbackCatcher;
  // biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
  const posts = (): any[] => catcher.caught.map(({ body }) => JSON.parse(body));
  const notices = () =>
    posts().flatMap(({ Type, Message }) => (Type === 'Notification' ? [JSON.parse(Message)] : []));
  const kinds = () => notices().map(({ eventType, notificationType }) => eventType ?? notificationType);
  const sns = (query: Record<string, string>) =>
    fetch(`${sandbox.httpUrl}/sns/?${new URLSearchParams({ TopicArn: topicArn, ...query })}`);
  const subscribe = () => sns({ Action: 'Subscribe', Endpoint: catcher.url });
  const send = (headers: Record<string, string> = {}, auth = { user, pass }) =>
    createTransport({ host: '127.0.0.1', port: sandbox.smtpPort, ignoreTLS: true, auth }).sendMail({
      from: 'shop@example.com',
      to: 'ada@example.org',
      subject: 'Hi',
      text: 'Hello',
      headers,
    });
  const withSet = { 'X-SES-CONFIGURATION-SET': 'set', 'X-SES-MESSAGE-TAGS': 'a=1, b=2' };

  beforeAll(async () => {
    sandbox = await startTestSandbox({ ses: SES_ACCOUNT });
  });
  beforeEach(async () => {
    catcher = await catchCallbacks();
    expect((await subscribe()).status).toBe(200);
    const [{ SubscribeURL, Token }] = await eventually(() => posts().length > 0 && posts());
    expect(sandbox.sesTopic?.confirmed).toBe(false);
    expect((await sns({ Action: 'ConfirmSubscription', Token: 'another' })).status).toBe(400);
    expect(SubscribeURL).toContain(Token);
    expect((await fetch(SubscribeURL)).status).toBe(200);
    expect(sandbox.sesTopic?.confirmed).toBe(true);
  });
  afterEach(async () => {
    sandbox.store.clear();
    sandbox.behaviours.clear();
    await catcher.stop();
  });
  afterAll(() => sandbox.stop());

  it('gives a message an id, keeps it, and tells of it by its tags', async () => {
    const { response } = await send(withSet);
    const [, id] = /^250 Ok (\S+-000000)$/.exec(response) ?? [];
    expect(id).toBeDefined();
    expect((await sandbox.messages()).items).toMatchObject([{ to: 'ada@example.org', subject: 'Hi' }]);
    await eventually(() => notices().length === 2);
    expect(kinds()).toEqual(['Send', 'Delivery']);
    for (const { mail } of notices())
      expect(mail).toMatchObject({
        messageId: id,
        destination: ['ada@example.org'],
        tags: { a: ['1'], b: ['2'], 'ses:configuration-set': ['set'] },
      });
  });

  it('tells less of a message without a configuration set', async () => {
    await send();
    await eventually(() => notices().length === 1);
    expect(notices()[0]).toMatchObject({
      notificationType: 'Delivery',
      delivery: { recipients: ['ada@example.org'] },
    });
    expect(notices()[0].mail).not.toHaveProperty('tags');
  });

  it('signs all that it posts, by a certificate that it shows', async () => {
    await send(withSet);
    await eventually(() => posts().length === 3);
    for (const post of posts()) {
      const certificate = new X509Certificate(await (await fetch(post.SigningCertURL)).text());
      expect(Date.parse(certificate.validFrom)).toBeLessThan(Date.now());
      expect(Date.parse(certificate.validTo)).toBeGreaterThan(Date.now());
      const names = [
        'Message',
        'MessageId',
        'Subject',
        'SubscribeURL',
        'Timestamp',
        'Token',
        'TopicArn',
        'Type',
      ];
      const text = names.flatMap((name) => (name in post ? [`${name}\n${post[name]}\n`] : [])).join('');
      const signature = Buffer.from(post.Signature, 'base64');
      expect(verify('sha256', Buffer.from(text), certificate.publicKey, signature)).toBe(true);
      expect(verify('sha256', Buffer.from(`${text} `), certificate.publicKey, signature)).toBe(false);
    }
  });

  it('tells of a bounce or a complaint on demand, by rules for its own door', async () => {
    const rule = (provider: string, event: 'bounce' | 'dropped') =>
      sandbox.behaviours.add({
        channel: 'email',
        match: { provider },
        action: { type: 'events', events: [event], mode: 'prompt', delayMs: 0 },
        times: 1,
      });
    rule('ses', 'bounce');
    rule('sendgrid', 'dropped');
    await send(withSet);
    await eventually(() => notices().length === 2);
    expect(kinds()).toEqual(['Send', 'Bounce']);
    expect(notices()[1].bounce).toMatchObject({ bounceType: 'Permanent', bounceSubType: 'NoEmail' });
    await sandbox.behave({ channel: 'email', action: { type: 'events', events: ['spamreport'] }, times: 1 });
    await send(withSet);
    await eventually(() => kinds().includes('Complaint'));
  });

  it('wants its password, and is no door for other logins', async () => {
    await expect(send(withSet, { user, pass: 'another' })).rejects.toMatchObject({ responseCode: 535 });
    expect(sandbox.store.size).toBe(0);
    expect((await send(withSet, { user: 'anyone', pass: 'x' })).response).toContain('250 OK: queued as');
  });

  it('knows no more of SNS than it says', async () => {
    expect((await sns({ Action: 'Publish' })).status).toBe(400);
    expect((await sns({ Action: 'Subscribe', Endpoint: 'ftp://x' })).status).toBe(400);
    expect((await sns({ Action: 'Subscribe', Endpoint: catcher.url, TopicArn: 'another' })).status).toBe(400);
    expect((await fetch(`${sandbox.httpUrl}/sns/other.pem`)).status).toBe(404);
  });
});

describe('SnsTopic', () => {
  it('posts nothing to who has not confirmed', async () => {
    const posts: string[] = [];
    const topic = new SnsTopic({
      topicArn,
      signer: await snsSigner(Date.now()),
      baseUrl: () => 'http://sandbox',
      callbacks: {
        schedule: (_delayMs, make) => {
          const { body } = make() ?? {};
          if (body !== undefined) posts.push(body);
        },
      },
    });
    const publish = () => topic.publish(0, () => ({}), 'sns-1');
    publish();
    topic.subscribe('http://edge/');
    publish();
    const { Token } = JSON.parse(posts[0] ?? '{}');
    expect(topic.confirm(null)).toBe(false);
    expect(topic.confirm(Token)).toBe(true);
    publish();
    topic.subscribe('http://other/');
    expect(topic.confirm(Token)).toBe(false);
    publish();
    const types = posts.map((body) => JSON.parse(body).Type);
    expect(types).toEqual(['SubscriptionConfirmation', 'Notification', 'SubscriptionConfirmation']);
  });
});

describe('selfSignedCertificate', () => {
  it('is read as what was written, whatever the lengths', () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    for (const length of [1, 100, 130, 300]) {
      const commonName = 'a'.repeat(length);
      const [from, to] = [Date.UTC(2020, 0, 2, 3, 4, 5), Date.UTC(2040, 0)];
      const pem = selfSignedCertificate({ privateKey, publicKey, commonName, from, to });
      const read = new X509Certificate(pem);
      expect([read.subject, read.issuer]).toEqual([`CN=${commonName}`, `CN=${commonName}`]);
      expect([Date.parse(read.validFrom), Date.parse(read.validTo)]).toEqual([from, to]);
      expect(read.verify(publicKey)).toBe(true);
    }
  });
});
