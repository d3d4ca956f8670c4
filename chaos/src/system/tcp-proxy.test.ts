import { once } from 'node:events';
import net from 'node:net';
import { until } from '@herald/testing';
import { seededRandom } from '../random';
import { TcpProxy } from './tcp-proxy';

let echo: net.Server;
let proxy: TcpProxy;
beforeEach(async () => {
  echo = net.createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = echo.address() as net.AddressInfo;
  proxy = await TcpProxy.start({ host: '127.0.0.1', port }, seededRandom(1));
});
afterEach(async () => {
  await proxy.stop();
  echo.close();
});

function open() {
  const socket = net.connect(proxy.port, '127.0.0.1');
  const seen = { text: '', closed: false };
  socket.on('data', (chunk) => {
    seen.text += chunk.toString();
  });
  socket.on('close', () => {
    seen.closed = true;
  });
  socket.on('error', () => undefined);
  return { socket, seen };
}

describe('TcpProxy', () => {
  it('carries bytes both ways in fair weather', async () => {
    const { socket, seen } = open();
    socket.write('hello');
    await until(() => seen.text === 'hello');
  });

  it('ends open connections and new ones when cut, and carries on afterwards', async () => {
    const before = open();
    before.socket.write('a');
    await until(() => before.seen.text === 'a');
    proxy.set({ type: 'cut' });
    await until(() => before.seen.closed);
    const during = open();
    await until(() => during.seen.closed);
    proxy.set({ type: 'fair' });
    const after = open();
    after.socket.write('b');
    await until(() => after.seen.text === 'b');
  });

  it('holds back in a black hole, and loses nothing', async () => {
    const { socket, seen } = open();
    socket.write('1');
    await until(() => seen.text === '1');
    proxy.set({ type: 'black-hole' });
    socket.write('2');
    const other = open();
    other.socket.write('x');
    await once(other.socket, 'connect');
    expect([seen.text, other.seen.text]).toEqual(['1', '']);
    proxy.set({ type: 'fair' });
    await until(() => seen.text === '12' && other.seen.text === 'x');
  });

  it('delivers late and in order when slow', async () => {
    proxy.set({ type: 'slow', ms: 50 });
    const { socket, seen } = open();
    const began = performance.now();
    socket.write('1');
    await once(socket, 'connect');
    socket.write('2');
    await until(() => seen.text === '12');
    expect(performance.now() - began).toBeGreaterThan(95);
  });

  it('resets connections at random', async () => {
    proxy.set({ type: 'resets', probability: 1 });
    const { socket, seen } = open();
    socket.write('x');
    await until(() => seen.closed);
    expect(seen.text).toBe('');
  });
});
