import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

interface HostEntry {
  host: string;
  /** Any port when missing. */
  port?: number;
}

/** Internal targets that may be reached all the same. */
export interface AllowList {
  /** By name: whatever the name resolves to. */
  hasHost(host: string, port: number): boolean;
  /** By address. */
  hasAddress(address: string): boolean;
}

const HOST_PORT = /^(\[[^\]]+\]|[^:]+)(?::(\d{1,5}))?$/;
const HOST_NAME = /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*$/;

/**
 * Reads entries such as `hooks.internal`, `localhost:8025`, `[::1]:8025`, `10.1.2.3` or `10.0.0.0/8`.
 * @throws Error that names the entry which is none of these
 */
export function parseAllowList(entries: readonly string[]): AllowList {
  const ranges: Range[] = [];
  const hosts: HostEntry[] = [];
  for (const entry of entries.map((e) => e.trim().toLowerCase())) {
    if (ipaddr.isValidCIDR(entry)) ranges.push(ipaddr.parseCIDR(entry));
    else if (isIP(entry)) ranges.push(wholeAddress(entry));
    else hosts.push(parseHost(entry));
  }
  return {
    hasHost: (host, port) =>
      hosts.some((e) => e.host === canonicalHost(host) && (e.port === undefined || e.port === port)),
    hasAddress: (address) => isIP(address) !== 0 && ranges.some((range) => isIn(address, range)),
  };
}

/** A host name as it is compared: lower case, no brackets, no final dot. */
export function canonicalHost(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');
}

function parseHost(entry: string): HostEntry {
  const match = HOST_PORT.exec(entry);
  const host = canonicalHost(match?.[1] ?? '');
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  const good = (HOST_NAME.test(host) || isIP(host)) && (port === undefined || (port > 0 && port <= 65535));
  if (!good) throw new Error(`"${entry}" is neither a host, a host:port, an address nor a CIDR range`);
  return { host, port };
}

function wholeAddress(address: string): Range {
  const parsed = ipaddr.parse(address);
  return [parsed, parsed.kind() === 'ipv4' ? 32 : 128];
}

function isIn(address: string, [base, bits]: Range): boolean {
  const parsed = ipaddr.parse(address);
  return parsed.kind() === base.kind() && parsed.match(base, bits);
}
