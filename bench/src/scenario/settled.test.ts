import http from 'node:http';
import { type AddressInfo } from 'node:net';
import { parseSent, sentCount, untilSent } from './settled';

const line = (labels: string, value: number) => `herald_deliveries_settled_total{${labels}} ${value}\n`;
const sent = (value: number) => line('channel="email",lane="default",state="sent"', value);

it('reads the counter of sent e-mails in the default lane alone', () => {
  const others = [
    '# TYPE herald_deliveries_settled_total counter\n',
    line('channel="email",lane="bulk",state="sent"', 7),
    line('channel="email",lane="default",state="failed"', 8),
    line('channel="sms",lane="default",state="sent"', 9),
  ].join('');
  expect(parseSent(others)).toBe(0);
  expect(parseSent(`${others}${sent(41)}`)).toBe(41);
});

it('asks until the target is reached', async () => {
  const values = [10, 12, 12, 20, 99];
  const server = http.createServer((_req, res) => res.end(sent(values.shift() ?? 99)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  expect(await sentCount(url)).toBe(10);
  await untilSent(url, 10, 20);
  expect(values).toEqual([99]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
