/** Where Redis is, as `RedisConfig` of the platform says it. */
export interface RedisServers {
  /** A redis:// or rediss:// URL, or several of them with commas between them: of the cluster's nodes, or of the Sentinels. */
  url: string;
  /** Default: `single`. */
  mode?: 'single' | 'sentinel' | 'cluster';
  /** What the Sentinels call the primary and its replicas. */
  sentinelName?: string;
  sentinelPassword?: string;
}

/** One server, in the words of ioredis. */
export interface RedisAddress {
  host: string;
  port: number;
  username?: string;
  password?: string;
  db?: number;
  tls?: Record<string, never>;
}

const DEFAULT_PORTS = { single: 6379, cluster: 6379, sentinel: 26379 };

/**
 * The servers of a URL, in its order. User, password, database and TLS of the first URL are those of all: the nodes of a
 * cluster share them, and Sentinels only tell of servers that do.
 */
export function redisAddresses({ url, mode = 'single' }: RedisServers): RedisAddress[] {
  const urls = url.split(/,\s*(?=rediss?:\/\/)/).map((one) => new URL(one));
  const first = urls[0] as URL;
  const db = first.pathname.slice(1);
  const shared = {
    ...(first.username && { username: decodeURIComponent(first.username) }),
    ...(first.password && { password: decodeURIComponent(first.password) }),
    ...(db && mode !== 'cluster' && { db: Number(db) }),
    ...(first.protocol === 'rediss:' && { tls: {} }),
  };
  return urls.map(({ hostname, port }) => ({
    // As in a URL an IPv6 address stands in brackets, which the socket does not want.
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port ? Number(port) : DEFAULT_PORTS[mode],
    ...shared,
  }));
}
