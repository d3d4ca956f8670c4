import { type Dispatcher } from 'undici';

export interface ExchangeRequest {
  url: URL;
  headers: Record<string, string>;
  body: string | Buffer;
  /** For the answer's headers, and between two pieces of its body; in milliseconds. */
  timeoutMs: number;
  /** What is kept of the answer's body; the rest is not read. */
  maxBodyBytes: number;
  signal: AbortSignal;
}

/** What became of a POST. */
export type Exchange =
  | {
      kind: 'answered';
      status: number;
      headers: Record<string, string | string[] | undefined>;
      /** As far as it came, at most `maxBodyBytes`. */
      body: string;
    }
  | {
      kind: 'failed';
      /** Whether anything was written to the other side: if not, it cannot have acted on the request. */
      sent: boolean;
      /** The error's code: `ECONNREFUSED`, `UND_ERR_HEADERS_TIMEOUT`, `CERT_HAS_EXPIRED`, …; `ABORTED` for the signal. */
      code: string;
    };

/**
 * POSTs once, without redirects or repeats; always resolves. It uses undici's `dispatch` and not `request`, because only
 * the handler is told when the request goes onto a connection, which is what separates "failed" from "nobody can know",
 * and because `request` notices an abort only when it has a connection.
 */
export function postOnce(dispatcher: Dispatcher, request: ExchangeRequest): Promise<Exchange> {
  if (request.signal.aborted) return Promise.resolve({ kind: 'failed', sent: false, code: 'ABORTED' });
  return new Promise((resolve) => {
    dispatcher.dispatch(
      {
        origin: request.url.origin,
        path: request.url.pathname + request.url.search,
        method: 'POST',
        headers: request.headers,
        body: request.body,
        headersTimeout: request.timeoutMs,
        bodyTimeout: request.timeoutMs,
      },
      new PostHandler(request, resolve),
    );
  });
}

class PostHandler implements Dispatcher.DispatchHandler {
  private controller: Dispatcher.DispatchController | undefined;
  private answer: { status: number; headers: Record<string, string | string[] | undefined> } | undefined;
  private readonly chunks: Buffer[] = [];
  private bytes = 0;
  private settled = false;
  private readonly onAbort = () => {
    this.settle('ABORTED');
    this.controller?.abort(new Error('aborted'));
  };

  constructor(
    private readonly request: ExchangeRequest,
    private readonly resolve: (exchange: Exchange) => void,
  ) {
    request.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Called right before the request is written to a connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.settled) controller.abort(new Error('aborted'));
    else this.controller = controller;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx answers are only news of the final one.
    if (status >= 200) this.answer = { status, headers };
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.chunks.push(chunk.subarray(0, this.request.maxBodyBytes - this.bytes));
    this.bytes += chunk.length;
    if (this.bytes <= this.request.maxBodyBytes) return;
    this.settle('TOO_LARGE');
    controller.abort(new Error('the answer is too large'));
  }

  onResponseEnd(): void {
    this.settle('ENDED');
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.settle(codeOf(error));
  }

  /** Once a status has arrived the answer is known, however its body ends. */
  private settle(code: string): void {
    if (this.settled) return;
    this.settled = true;
    this.request.signal.removeEventListener('abort', this.onAbort);
    if (this.answer) {
      this.resolve({ kind: 'answered', ...this.answer, body: Buffer.concat(this.chunks).toString('utf8') });
    } else {
      this.resolve({ kind: 'failed', sent: this.controller !== undefined, code });
    }
  }
}

function codeOf(error: unknown): string {
  const { code, cause, name } = error as { code?: unknown; cause?: unknown; name?: string };
  if (typeof code === 'string') return code;
  return cause instanceof Error ? codeOf(cause) : (name ?? 'unknown');
}
