import http from 'node:http';
import { type AddressInfo } from 'node:net';
import { answerCalls } from '../processes/answer-calls';

const SLOW_MS = 10_000;

export type ReceiverCalls = {
  /** Listens, and gives its port. */
  listen(argument: undefined): Promise<number>;
};

/** The endpoint of webhooks: `/slow` answers after 10 seconds, everything else at once. */
answerCalls<ReceiverCalls>({
  listen: async () => {
    const server = http.createServer((req, res) => {
      req.resume();
      const answer = () => res.writeHead(200, { 'content-length': 0 }).end();
      if (req.url === '/slow') setTimeout(answer, SLOW_MS);
      else answer();
    });
    server.keepAliveTimeout = 60_000;
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  },
});
