import { FEED_SOCKET_PATH, FEED_SOCKET_PROTOCOL } from '@herald/contracts';
import { parseEncryptionKeys, signRecipientToken } from '@herald/platform';
import WebSocket from 'ws';
import { answerCalls } from '../processes/answer-calls';
import { percentile } from '../report/statistics';

export interface OpenPlan {
  port: number;
  tenantId: string;
  /** One socket for each. */
  recipients: readonly string[];
  encryptionKey: string;
  /** Sockets that are being opened at once. */
  atOnce: number;
}

export interface Opened {
  seconds: number;
  /** From the connect to the welcome. */
  p50Ms: number;
  p99Ms: number;
}

export type FeedSocketsCalls = {
  open(plan: OpenPlan): Promise<Opened>;
  /** How long each item took whose title is the time at which it was rung for, in milliseconds; forgets them. */
  arrivals(argument: undefined): Promise<number[]>;
  /** How many sockets the server closed. */
  closed(argument: undefined): Promise<number>;
  closeAll(argument: undefined): Promise<void>;
};

const sockets: WebSocket[] = [];
let arrivals: number[] = [];
let closed = 0;

answerCalls<FeedSocketsCalls>({
  open: async (plan) => {
    const times: number[] = [];
    const waiting = [...plan.recipients];
    const began = performance.now();
    const openSome = async () => {
      for (let recipient = waiting.pop(); recipient; recipient = waiting.pop()) {
        times.push(await openOne(plan, recipient));
      }
    };
    await Promise.all(Array.from({ length: plan.atOnce }, openSome));
    const seconds = (performance.now() - began) / 1000;
    times.sort((a, b) => a - b);
    return { seconds, p50Ms: percentile(times, 0.5), p99Ms: percentile(times, 0.99) };
  },
  arrivals: async () => {
    const taken = arrivals;
    arrivals = [];
    return taken;
  },
  closed: async () => closed,
  closeAll: async () => {
    for (const socket of sockets.splice(0)) {
      socket.off('close', countClose);
      socket.terminate();
    }
  },
});

async function openOne({ port, tenantId, encryptionKey }: OpenPlan, recipient: string): Promise<number> {
  const keys = parseEncryptionKeys(encryptionKey);
  const { token } = await signRecipientToken(keys, { tenantId, recipient, ttlSeconds: 3600 });
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const url = `ws://127.0.0.1:${port}${FEED_SOCKET_PATH}`;
    const socket = new WebSocket(url, FEED_SOCKET_PROTOCOL, { perMessageDeflate: false });
    socket.once('open', () => socket.send(JSON.stringify({ type: 'hello', token })));
    socket.once('error', reject);
    socket.on('close', countClose);
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as { type: string; items?: { title: string }[] };
      if (message.type === 'welcome') {
        sockets.push(socket);
        resolve(performance.now() - began);
      } else if (message.type === 'error') reject(new Error(String(data)));
      for (const { title } of message.items ?? []) arrivals.push(now() - Number(title));
    });
  });
}

function countClose(): void {
  closed += 1;
}

/** Comparable between the processes of a machine. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
