import { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type Socket } from 'node:net';
import { answerUnreadable } from './answer-unreadable';
import { ProblemError } from './problem-error';
import { sendError } from './send';

/**
 * A request listener in front of the real one. It refuses what two readers could understand differently, answers what
 * cannot be read at all, and knows the running answers, so that on stopping each tells its client not to reuse the
 * connection.
 */
export class GuardedListener {
  private readonly running = new Set<ServerResponse>();
  private readonly refused = new WeakSet<Socket>();
  private stopping = false;

  constructor(private readonly handler: RequestListener) {}

  readonly listener: RequestListener = (req, res) => {
    // What follows something ambiguous may be the rest of it.
    if (this.refused.has(req.socket)) return;
    if (this.stopping) res.setHeader('connection', 'close');
    this.running.add(res);
    res.once('close', () => this.running.delete(res));
    const detail = ambiguity(req);
    if (detail !== undefined) {
      this.refused.add(req.socket);
      res.setHeader('connection', 'close');
      sendError(res, new ProblemError('bad-request', detail));
      return;
    }
    req.url = originForm(req);
    this.handler(req, res);
  };

  /** Answers what cannot be read, behind the answers to what was read before it on the same connection. */
  refuse(error: Error, socket: Socket): void {
    if (this.refused.has(socket)) return;
    const here = [...this.running].filter((res) => res.req.socket === socket && !res.writableFinished);
    const before = here.filter((res) => res.req.complete).at(-1);
    if (!before)
      answerUnreadable(
        error,
        socket,
        here.some((res) => res.headersSent),
      );
    else {
      this.refused.add(socket);
      before.once('close', () => answerUnreadable(error, socket, false));
    }
  }

  stop(): void {
    this.stopping = true;
    for (const res of this.running) {
      if (!res.headersSent) res.setHeader('connection', 'close');
    }
  }
}

/** What RFC 9112 wants refused because two readers could understand it differently, and Node's parser lets pass. */
function ambiguity({ httpVersion, headers }: IncomingMessage): string | undefined {
  if (headers.host === undefined && httpVersion === '1.1') return 'The Host header is missing.';
  const encoding = headers['transfer-encoding'];
  if (encoding === undefined || encoding.toLowerCase() === 'chunked') return undefined;
  return 'The only Transfer-Encoding known is chunked.';
}

/** RFC 9112, 3.2.2: a target in absolute form, as proxies get it, means the same as its path. */
function originForm({ url = '/' }: IncomingMessage): string {
  if (url.startsWith('/')) return url;
  const rest = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return rest === url || rest.startsWith('/') ? rest : `/${rest}`;
}
