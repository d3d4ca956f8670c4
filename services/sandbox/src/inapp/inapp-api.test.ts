import { randomUUID } from 'node:crypto';
import { FeedServer, tokenOf } from '../testing/feed-server';
import { eventually, postJson, startTestSandbox, type TestSandbox } from '../testing/test-sandbox';

describe('the in-app API', () => {
  let feed: FeedServer;
  let sandbox: TestSandbox;
  const post = (path: string, body: unknown) => postJson(`${sandbox.httpUrl}/inapp/${path}`, body);
  const signedIn = async (): Promise<unknown> =>
    (await fetch(`${sandbox.httpUrl}/inapp/recipients`)).json() as Promise<unknown>;

  beforeEach(async () => {
    feed = await FeedServer.start();
    const tokenFor = async (recipient: string) => tokenOf(recipient, 1);
    sandbox = await startTestSandbox({ inapp: { socketUrl: () => feed.url, tokenFor, recipients: ['ada'] } });
  });
  afterEach(async () => {
    await sandbox.stop();
    await feed.stop();
  });

  it('signs in another recipient, once', async () => {
    const added = await post('recipients', { recipient: 'grace' });
    expect([added.status, await added.json()]).toEqual([
      201,
      { recipient: 'grace', connected: false, counts: null },
    ]);
    expect((await post('recipients', { recipient: 'grace' })).status).toBe(200);
    feed.post('grace');
    await eventually(() => sandbox.store.counts().inapp === 1);
    expect(await signedIn()).toEqual({
      items: [
        { recipient: 'ada', connected: true, counts: { unseen: 0, unread: 0 } },
        { recipient: 'grace', connected: true, counts: { unseen: 1, unread: 1 } },
      ],
    });
  });

  it('signs in so many and no more', async () => {
    for (let index = 1; index < 50; index += 1) {
      expect((await post('recipients', { recipient: `r${index}` })).status).toBe(201);
    }
    expect((await post('recipients', { recipient: 'one too many' })).status).toBe(409);
  });

  it('marks items as their recipient would', async () => {
    await eventually(() => feed.framesOf('hello').length === 1);
    const { id } = feed.post('ada');
    feed.post('ada');
    await eventually(() => sandbox.store.counts().inapp === 2);
    const marked = await post('marks', { recipient: 'ada', ids: [id], as: 'read' });
    expect([marked.status, await marked.json()]).toEqual([200, { changed: 1 }]);
    const statuses = async () => (await sandbox.messages('channel=inapp')).items.map(({ status }) => status);
    await eventually(async () => (await statuses()).join() === 'unseen,read');
    expect(await signedIn()).toMatchObject({ items: [{ counts: { unseen: 1, unread: 1 } }] });
  });

  it('says so when the app is not connected, or nobody of that name is signed in', async () => {
    feed.mute = true;
    await post('recipients', { recipient: 'grace' });
    const ids = [randomUUID()];
    expect((await post('marks', { recipient: 'grace', ids, as: 'read' })).status).toBe(503);
    expect((await post('marks', { recipient: 'nobody', ids, as: 'read' })).status).toBe(404);
  });

  it.each([
    ['recipients', {}, ['/recipient']],
    ['recipients', [], ['/recipient']],
    ['recipients', { recipient: ' ada', extra: 1 }, ['/recipient', '/extra']],
    ['marks', {}, ['/recipient', '/ids', '/as']],
    ['marks', { recipient: 'ada', ids: [], as: 'burnt' }, ['/ids', '/as']],
    ['marks', { recipient: 'ada', ids: ['x'], as: 'read' }, ['/ids']],
    ['marks', { recipient: 'ada', ids: Array(201).fill(randomUUID()), as: 'read' }, ['/ids']],
  ])('%s: names what is wrong with %j', async (path, body, pointers) => {
    const response = await post(path, body);
    expect(response.status).toBe(422);
    const { errors } = (await response.json()) as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(pointers);
  });

  it('takes only JSON', async () => {
    const body = new URLSearchParams({ recipient: 'mallory' });
    const response = await fetch(`${sandbox.httpUrl}/inapp/recipients`, { method: 'POST', body });
    expect(response.status).toBe(415);
  });

  it('is absent where nobody is signed in', async () => {
    const other = await startTestSandbox();
    expect((await fetch(`${other.httpUrl}/inapp/recipients`)).status).toBe(404);
    expect(await (await fetch(`${other.httpUrl}/addresses`)).json()).not.toHaveProperty('inapp');
    await other.stop();
  });
});
