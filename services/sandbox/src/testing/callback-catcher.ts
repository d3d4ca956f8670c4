import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface CaughtCallback {
  url: string;
  headers: Record<string, string>;
  form: Record<string, string>;
  body: string;
}

export interface CallbackCatcher {
  url: string;
  caught: CaughtCallback[];
  stop(): Promise<void>;
}

/** A server that keeps the forms posted to it; `answer` gives the status for the nth. */
export async function catchCallbacks(
  answer: (nth: number) => number | Promise<number> = () => 204,
): Promise<CallbackCatcher> {
  const caught: CaughtCallback[] = [];
  const server = createServer((req, res) => {
    let body = '';
    req.on('data', (chunk) => {
      body += chunk;
    });
    req.on('end', async () => {
      const form = Object.fromEntries(new URLSearchParams(body));
      caught.push({ url: req.url ?? '', headers: req.headers as Record<string, string>, form, body });
      res.writeHead(await answer(caught.length)).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url, caught, stop };
}
