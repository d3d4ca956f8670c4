import net from 'node:net';
import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { Tenant } from '../entities/tenant';
import { Database } from './database';

const database = useTestDatabase();

/** What Postgres says to a session that it can serve, and what a server that goes down says to one. */
const READY = Buffer.from('5a0000000549', 'hex');
const GOING_DOWN = errorResponse({ S: 'FATAL', V: 'FATAL', C: '57P01', M: 'terminating connection' });

function errorResponse(fields: Record<string, string>): Buffer {
  const body = Buffer.from(
    `${Object.entries(fields)
      .map(([name, text]) => `${name}${text}\0`)
      .join('')}\0`,
  );
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(4 + body.length, 1);
  return Buffer.concat([head, body]);
}

/** Postgres, but a new session that comes while it is `dying` learns in one breath that it is ready and that it is over. */
async function startDyingServer() {
  const target = new URL(database.url);
  const state = { dying: false };
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    let young = true;
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      const ready = young && chunk.subarray(-READY.length).equals(READY);
      if (ready && state.dying) client.end(Buffer.concat([chunk, GOING_DOWN]));
      else client.write(chunk);
      if (ready) young = false;
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => [client, upstream].forEach((each) => void each.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(database.url);
  url.port = String((server.address() as net.AddressInfo).port);
  return { url: url.href, state, close: () => server.close() };
}

it('a connection that breaks in the moment it is made fails its statement, and not the process', async () => {
  const server = await startDyingServer();
  const db = await Database.connect({
    url: server.url,
    poolSize: 8,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 2000,
    applicationName: 'test',
  });
  const find = () => db.repository(Tenant).findOneBy({ id: newId(Date.now()) });
  server.state.dying = true;
  const during = await Promise.allSettled(Array.from({ length: 8 }, find));
  // One connection was there before; the others were made now.
  expect(during.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
  server.state.dying = false;
  expect(await Promise.all(Array.from({ length: 8 }, find))).toEqual(Array(8).fill(null));
  await db.close();
  server.close();
});
