import net from 'node:net';
import { type Random } from '../random';

/** What a proxy does with the bytes that pass through it. */
export type Weather =
  | { type: 'fair' }
  /** Connections end, new ones too. */
  | { type: 'cut' }
  /** Nothing passes and nothing ends, as when a firewall drops the packets. */
  | { type: 'black-hole' }
  /** Each byte arrives this much later, in order. */
  | { type: 'slow'; ms: number }
  /** A connection is reset with this probability for each chunk that passes. */
  | { type: 'resets'; probability: number };

interface Link {
  client: net.Socket;
  server: net.Socket;
}

/** A TCP proxy on 127.0.0.1 in front of one server, for faults of the network between a service and it. */
export class TcpProxy {
  private weather: Weather = { type: 'fair' };
  private readonly links = new Set<Link>();
  private readonly listener: net.Server;

  private constructor(
    private readonly target: { host: string; port: number },
    private readonly random: Random,
  ) {
    this.listener = net.createServer((client) => this.connect(client));
  }

  /** Listens on a free port. */
  static async start(target: { host: string; port: number }, random: Random): Promise<TcpProxy> {
    const proxy = new TcpProxy(target, random);
    await new Promise<void>((resolve, reject) => {
      proxy.listener.once('error', reject);
      proxy.listener.listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    return (this.listener.address() as net.AddressInfo).port;
  }

  /** Changes the weather for the connections that are open, too. What a black hole held back passes when it ends. */
  set(weather: Weather): void {
    this.weather = weather;
    for (const link of this.links) {
      if (weather.type === 'cut') end(link);
      for (const socket of [link.client, link.server]) {
        if (weather.type === 'black-hole') socket.pause();
        else socket.resume();
      }
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.listener.close(() => resolve()));
    for (const link of this.links) end(link);
    await closed;
  }

  private connect(client: net.Socket): void {
    if (this.weather.type === 'cut') {
      client.resetAndDestroy();
      return;
    }
    const link = { client, server: net.connect(this.target) };
    this.links.add(link);
    this.carry(link, client, link.server);
    this.carry(link, link.server, client);
    if (this.weather.type === 'black-hole') for (const socket of [client, link.server]) socket.pause();
  }

  private carry(link: Link, from: net.Socket, to: net.Socket): void {
    from.setNoDelay(true);
    from.on('data', (chunk) => this.pass(link, to, chunk));
    from.on('error', () => end(link));
    from.on('close', () => {
      end(link);
      this.links.delete(link);
    });
  }

  private pass(link: Link, to: net.Socket, chunk: Buffer): void {
    const { weather } = this;
    if (weather.type === 'resets' && this.random() < weather.probability) end(link);
    else if (weather.type === 'slow') setTimeout(() => to.writable && to.write(chunk), weather.ms);
    else if (to.writable) to.write(chunk);
  }
}

function end({ client, server }: Link): void {
  for (const socket of [client, server]) if (!socket.destroyed) socket.resetAndDestroy();
}
