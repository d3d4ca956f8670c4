import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** All of global unicast IPv6 that IANA has given out; what lies outside is special or not assigned. */
const GLOBAL_UNICAST_V6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];

/**
 * Whether an address is anything but a public one: private, loopback, link-local, shared (CGNAT), multicast, reserved,
 * unspecified, documentation, or an IPv6 form that leads to an IPv4 address (mapped, compatible, 6to4, NAT64, Teredo).
 * What is not an IP address in its usual form counts as forbidden too.
 */
export function isForbiddenAddress(address: string): boolean {
  // ipaddr.js also reads "127.1" and octal forms; only what a resolver or a parsed URL gives is judged.
  if (isIP(address) === 0) return true;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== 'unicast') return true;
  return parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_UNICAST_V6);
}

/** A connection was refused because it would lead into a network that is not public. */
export class ForbiddenAddressError extends Error {
  readonly code = 'HERALD_FORBIDDEN_ADDRESS';

  /** `address` is for the operator's log: telling it to a tenant would show what names mean inside. */
  constructor(
    readonly host: string,
    readonly address: string,
  ) {
    super(`${host} does not lead to a public address`);
    this.name = 'ForbiddenAddressError';
  }
}
