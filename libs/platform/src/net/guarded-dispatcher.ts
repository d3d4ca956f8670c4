import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { Agent, buildConnector, type Dispatcher } from 'undici';
import { type AllowList, canonicalHost, parseAllowList } from './allow-list';
import { ForbiddenAddressError, isForbiddenAddress } from './forbidden-address';

/** All addresses of a name, as `dns.lookup` with `all`. */
export type LookupAll = (
  hostname: string,
  options: { all: true; family?: number; hints?: number },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void;

export interface GuardedDispatcherOptions {
  /** Internal targets that are allowed: host names, host:port, addresses, CIDR ranges. */
  allow: readonly string[];
  lookup?: LookupAll;
  connectTimeoutMs: number;
  headersTimeoutMs: number;
  bodyTimeoutMs: number;
}

/**
 * An undici dispatcher for URLs that strangers chose. A name is resolved once per connection, every address it has
 * must be public, and the socket can only go to those addresses, so a name that answers differently the second time
 * gains nothing. Redirects are not followed by undici's `request`; where they are, each hop is checked alike.
 *
 * Use it with `request` or `fetch` of this undici, not with Node's built-in fetch, whose undici is another version.
 * A refused connection fails with `ForbiddenAddressError`.
 */
export function createGuardedDispatcher(options: GuardedDispatcherOptions): Dispatcher {
  const {
    allow,
    lookup = dnsLookup as LookupAll,
    connectTimeoutMs,
    headersTimeoutMs,
    bodyTimeoutMs,
  } = options;
  return new GuardedAgent(guardedConnector(parseAllowList(allow), lookup, connectTimeoutMs), {
    headersTimeout: headersTimeoutMs,
    bodyTimeout: bodyTimeoutMs,
  });
}

/**
 * Opens a TCP connection to a host that strangers chose, by the rules of a guarded dispatcher and within its time limit:
 * for protocols other than HTTP. A dispatcher that guards nothing, as tests use, connects to anything.
 * @throws ForbiddenAddressError, or what the network says
 */
export function openGuardedSocket(dispatcher: Dispatcher, host: string, port: number): Promise<Socket> {
  if (dispatcher instanceof GuardedAgent) return dispatcher.openSocket(host, port);
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port }, () => resolve(socket)).once('error', reject);
  });
}

class GuardedAgent extends Agent {
  constructor(
    private readonly connector: buildConnector.connector,
    options: Agent.Options,
  ) {
    super({ ...options, connect: connector });
  }

  openSocket(host: string, port: number): Promise<Socket> {
    const target = { hostname: host, host, protocol: 'http:', port: String(port) };
    return new Promise((resolve, reject) => {
      this.connector(target, (error, socket) => (error ? reject(error) : resolve(socket as Socket)));
    });
  }
}

function guardedConnector(allow: AllowList, lookup: LookupAll, timeout: number): buildConnector.connector {
  const connector = (lookupFunction: LookupFunction) =>
    buildConnector({ timeout, lookup: lookupFunction } as buildConnector.BuildOptions);
  const anywhere = connector(checkedLookup(lookup, () => true));
  const guarded = connector(checkedLookup(lookup, (address) => isAllowed(address, allow)));
  return (target, callback) => {
    const host = canonicalHost(target.hostname);
    if (allow.hasHost(host, portOf(target))) return anywhere(target, callback);
    // A literal address never reaches the lookup.
    if (isIP(host) && !isAllowed(host, allow)) return callback(new ForbiddenAddressError(host, host), null);
    return guarded(target, callback);
  };
}

/** A lookup for sockets that fails when any address of the name is not allowed: one bad address spoils the name. */
function checkedLookup(lookup: LookupAll, allowed: (address: string) => boolean): LookupFunction {
  return (hostname, { all, family, hints }, callback) => {
    const wanted = { all: true as const, family: typeof family === 'number' ? family : undefined, hints };
    lookup(hostname, wanted, (error, addresses) => {
      if (error) return callback(error, '', 0);
      const bad = addresses.find(({ address }) => !allowed(address));
      if (bad) return callback(new ForbiddenAddressError(hostname, bad.address), '', 0);
      answer(addresses, all, callback);
    });
  };
}

/** Node asks for all addresses when it may try several, else for one. */
function answer(
  addresses: LookupAddress[],
  all: boolean | undefined,
  callback: Parameters<LookupFunction>[2],
): void {
  const [first] = addresses;
  if (!first) callback(Object.assign(new Error('The name has no address'), { code: 'ENOTFOUND' }), '', 0);
  else if (all) callback(null, addresses);
  else callback(null, first.address, first.family);
}

function isAllowed(address: string, allow: AllowList): boolean {
  return !isForbiddenAddress(address) || allow.hasAddress(address);
}

function portOf(target: buildConnector.Options): number {
  return Number(target.port) || (target.protocol === 'https:' ? 443 : 80);
}
