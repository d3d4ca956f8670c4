import { randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { type Logger } from '../log/create-logger';
import { httpMetrics } from '../metrics/http-metrics';
import { type Metrics } from '../metrics/metrics';
import { endSpan, type Span, SpanKind, startRootSpan, traceparentOf } from '../tracing/spans';
import { formatTraceparent, parseTraceparent, traceIdOf } from '../tracing/traceparent';

const SANE_REQUEST_ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** What a metric names; Node's parser knows some thirty more, and any of them can be sent. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const CONTEXT = Symbol('herald:request');
/** What nginx logs for a client that hung up before the answer. */
const CLIENT_CLOSED = 499;

/** What is known of a request while it runs. */
export class RequestContext {
  /** The template of the path, for metrics and logs. */
  route = 'unmatched';
  /** Probes and scrapes: logged at debug whatever they answer. */
  quiet = false;
  readonly startedAt = performance.now();
  private child?: Logger;

  constructor(
    readonly requestId: string,
    private readonly logger: Logger,
    /** Of the caller or, while tracing is on, of this request's own span: for all that it leads to. */
    readonly traceparent?: string,
  ) {}

  get traceId(): string | undefined {
    return traceIdOf(this.traceparent);
  }

  /** A logger that adds the ids of request and trace; made when first used, most requests log once. */
  get log(): Logger {
    this.child ??= this.logger.child({ requestId: this.requestId, traceId: this.traceId });
    return this.child;
  }
}

type TrackedResponse = ServerResponse & { [CONTEXT]?: RequestContext };

export interface TrackerOptions {
  service: string;
  logger: Logger;
  metrics: Metrics;
}

export type RequestTracker = (req: IncomingMessage, res: ServerResponse) => RequestContext;

/**
 * Gives each request its id (a sane incoming X-Request-Id is kept), echoes it, and logs and counts the request when it
 * ends. Works on raw requests; calling it again for the same response gives the same context.
 */
export function createRequestTracker({ service, logger, metrics }: TrackerOptions): RequestTracker {
  const { requests, duration } = httpMetrics(metrics);
  return (req, res) => {
    const existing = requestContext(res);
    if (existing) return existing;
    const given = parseTraceparent(req.headers.traceparent);
    const traceparent = given && formatTraceparent(given);
    const span = startRootSpan(req.method ?? 'HTTP', traceparent, { kind: SpanKind.SERVER });
    const context = new RequestContext(
      requestIdOf(req),
      logger,
      span?.isRecording() ? traceparentOf(span) : traceparent,
    );
    (res as TrackedResponse)[CONTEXT] = context;
    res.setHeader('x-request-id', context.requestId);
    res.once('close', () => {
      const seconds = (performance.now() - context.startedAt) / 1000;
      const status = res.writableFinished ? res.statusCode : CLIENT_CLOSED;
      const method = METHODS.has(req.method ?? '') ? (req.method as string) : 'other';
      requests.inc({ service, method, route: context.route, status });
      duration.observe({ service, method, route: context.route }, seconds);
      logRequest(logger, context, method, status, seconds);
      if (span?.isRecording() && !context.quiet) endRequestSpan(span, method, context.route, status);
    });
    return context;
  };
}

/** The context of a request that is tracked. */
export function requestContext(res: ServerResponse): RequestContext | undefined {
  return (res as TrackedResponse)[CONTEXT];
}

function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && SANE_REQUEST_ID.test(given) ? given : randomUUID();
}

function logRequest(
  logger: Logger,
  { requestId, traceId, route, quiet }: RequestContext,
  method: string,
  status: number,
  seconds: number,
): void {
  const fields = { requestId, traceId, method, route, status, durationMs: Math.round(seconds * 10_000) / 10 };
  if (quiet) logger.debug(fields, 'request');
  // While something is down every request ends so: who noticed the outage logs it, once.
  else if (status >= 500 && status !== 503) logger.error(fields, 'request');
  else logger.info(fields, 'request');
}

/** As the semantic conventions for HTTP name it; a span that is not ended (a probe's) is never sent. */
function endRequestSpan(span: Span, method: string, route: string, status: number): void {
  span.updateName(`${method} ${route}`);
  const attributes = {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
  };
  endSpan(span, attributes, status >= 500 ? String(status) : undefined);
}
