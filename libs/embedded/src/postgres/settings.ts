const DEFAULTS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '256MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // Short statements only: compiling them costs more than it saves.
  jit: 'off',
  // The data lies on an SSD or in memory nearly always.
  random_page_cost: '1.1',
  // No replicas: less to write. Fewer checkpoints under load for at most 2 GB of disk.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '2GB',
  checkpoint_timeout: '15min',
  // The log must not hold what users store: no statements, no key values.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
};

const NOT_DURABLE = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' };

/** Command-line flags of the server. */
export function settingFlags(port: number, durable: boolean, own: Record<string, string>): string[] {
  const settings = { ...DEFAULTS, ...(durable ? {} : NOT_DURABLE), ...own, port: String(port) };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}
