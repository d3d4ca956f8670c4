import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import { ACCOUNT, startTestSandbox } from './testing/test-sandbox';

const portOf = (server: Server) => (server.address() as { port: number }).port;
const occupy = () =>
  new Promise<Server>((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => resolve(server));
  });
const canConnect = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

describe('startSandbox', () => {
  it('takes free ports, says where it can be reached, and leaves nothing behind', async () => {
    const sandbox = await startTestSandbox({ firstRequest: () => 'curl …' });
    const httpPort = Number(new URL(sandbox.httpUrl).port);
    expect(await (await fetch(`${sandbox.httpUrl}/addresses`)).json()).toEqual({
      httpUrl: sandbox.httpUrl,
      smtp: { host: '127.0.0.1', port: sandbox.smtpPort },
      twilio: { accountSid: ACCOUNT.sid, authToken: ACCOUNT.authToken },
      firstRequest: 'curl …',
    });
    expect(sandbox.logger.complaints()).toEqual([]);
    await sandbox.stop();
    expect([await canConnect(httpPort), await canConnect(sandbox.smtpPort)]).toEqual([false, false]);
  });

  it('lets health and metrics be answered by whoever runs it', async () => {
    const ops = (req: IncomingMessage, res: ServerResponse) =>
      req.url === '/livez' ? Promise.resolve(void res.writeHead(200).end('alive')) : undefined;
    const sandbox = await startTestSandbox({ ops });
    expect(await (await fetch(`${sandbox.httpUrl}/livez`)).text()).toBe('alive');
    expect((await fetch(`${sandbox.httpUrl}/stats`)).status).toBe(200);
    await sandbox.stop();
  });

  it('fails when a port is taken, and lets go of the other', async () => {
    const taken = await occupy();
    const free = await occupy();
    const freePort = portOf(free);
    await new Promise((resolve) => free.close(resolve));
    const starting = startTestSandbox({ httpPort: portOf(taken), smtpPort: freePort });
    await expect(starting).rejects.toMatchObject({ code: 'EADDRINUSE' });
    expect(await canConnect(freePort)).toBe(false);
    await expect(startTestSandbox({ smtpPort: portOf(taken) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => taken.close(resolve));
  });

  it('keeps no more messages than asked', async () => {
    const sandbox = await startTestSandbox({ maxMessages: 3 });
    for (let index = 0; index < 5; index += 1) {
      await fetch(`${sandbox.httpUrl}/webhook/${index}`, { method: 'POST', body: '{}' });
    }
    const { items, total } = await sandbox.messages();
    expect(total).toBe(3);
    expect(items.map(({ path }) => path)).toEqual(['/webhook/4', '/webhook/3', '/webhook/2']);
    await sandbox.stop();
  });
});
