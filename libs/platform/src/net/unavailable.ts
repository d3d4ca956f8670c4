import { isError } from '../log/is-error';

/** Errors of the socket and the resolver: nobody answered, or the connection broke. */
const NETWORK_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTCONN',
]);

/**
 * PostgreSQL: class 08 connection exceptions, class 53 insufficient resources (53300 too many connections), 57P01-03
 * shutting down or starting, 57014 canceled by the statement time-out, 25006 a standby that is being promoted.
 */
const SQLSTATE = /^(?:08...|53...|57P0[123]|57014|25006)$/;

/** What pg, pg-pool and ioredis throw without any code; compared whole, there is nothing else to tell them by. */
const CLIENT_MESSAGES = new Set([
  'timeout exceeded when trying to connect',
  'timeout expired',
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
  'Query read timeout',
  'Connection is closed.',
  'Command timed out',
  "Stream isn't writeable and enableOfflineQueue options is false",
  'None of startup nodes is available',
  "Cluster isn't ready and enableOfflineQueue options is false",
]);

/** ioredis, when it has tried a command as often as it may, or each node of a cluster; the messages vary. */
const REDIS_GAVE_UP = new Set(['MaxRetriesPerRequestError', 'ClusterAllFailedError']);
const CLUSTER_GAVE_UP = 'Too many Cluster redirections.';

/**
 * The first word of an error that Redis answers is its code. A replica (READONLY, MASTERDOWN), a start (LOADING), a cluster
 * that is changing (CLUSTERDOWN, TRYAGAIN), a script that runs for long (BUSY), and no room (OOM, MISCONF).
 */
const REDIS_REPLY = /^(?:READONLY|MASTERDOWN|LOADING|CLUSTERDOWN|TRYAGAIN|BUSY|OOM|MISCONF) /;

const MAX_DEPTH = 5;

/** Whether an error says that something Herald depends on cannot be reached now, so that a later try may work. */
export function isUnavailable(error: unknown, depth = 0): boolean {
  if (!isError(error) || depth > MAX_DEPTH) return false;
  const { code, driverError, errors } = error as { code?: unknown; driverError?: unknown; errors?: unknown };
  if (typeof code === 'string' && (NETWORK_CODES.has(code) || SQLSTATE.test(code))) return true;
  if (CLIENT_MESSAGES.has(error.message) || isRedisAway(error)) return true;
  const inner = [error.cause, driverError, ...(Array.isArray(errors) ? errors : [])];
  return inner.some((nested) => isUnavailable(nested, depth + 1));
}

function isRedisAway({ name, message }: Error): boolean {
  if (REDIS_GAVE_UP.has(name) || message.startsWith(CLUSTER_GAVE_UP)) return true;
  return name === 'ReplyError' && REDIS_REPLY.test(message);
}
