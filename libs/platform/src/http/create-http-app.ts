import { type IncomingMessage, type ServerResponse } from 'node:http';
import express from 'express';
import helmet from 'helmet';
import { type Health } from '../health/health';
import { type Logger } from '../log/create-logger';
import { type Metrics } from '../metrics/metrics';
import { createOpsHandler } from './ops-handler';
import { ProblemError, toProblem } from './problem-error';
import { createRequestTracker, requestContext } from './request-context';
import { allowedMethods } from './route-table';
import { sendError } from './send';

export interface HttpAppOptions {
  service: string;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  /** As `HttpConfig.trustProxy`: addresses and ranges, or one number of hops. None by default. */
  trustProxy?: readonly string[];
}

type Done = (error?: unknown) => void;
type Handle = (req: IncomingMessage, res: ServerResponse, done?: Done) => void;

/**
 * An Express app that is ready for routes: request ids, request log and metrics, security headers, `/livez`, `/readyz`
 * and `/metrics`. What no route answers is a 404 (405 when the path is known), and what a route throws a problem,
 * whenever the routes are added.
 */
export function createHttpApp(options: HttpAppOptions): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', 'simple');
  app.set('trust proxy', trustProxySetting(options.trustProxy ?? []));
  const track = createRequestTracker(options);
  const ops = createOpsHandler(options);
  app.use((req, res, next) => {
    track(req, res);
    next();
  });
  app.use(securityHeaders());
  app.use((req, res, next) => {
    const answered = ops(req, res);
    if (answered) answered.catch(next);
    else next();
  });
  endWithProblems(app);
  return app;
}

/**
 * Express hands what its routes did not answer to a final handler, which it makes itself when it is called as a request
 * listener. Giving it ours instead means that no error middleware has to be added after the last route.
 */
function endWithProblems(app: express.Express): void {
  const owner = app as unknown as { handle: Handle };
  const handle = owner.handle.bind(app);
  owner.handle = (req, res, done) => handle(req, res, done ?? ((error) => answerRest(app, req, res, error)));
}

function answerRest(app: express.Express, req: IncomingMessage, res: ServerResponse, error: unknown): void {
  const context = requestContext(res);
  if (error === undefined || error === null) {
    const allowed = allowedMethods(app, (req as express.Request).path);
    const headers = { allow: allowed.join(', ') };
    const problem =
      allowed.length > 0 ? new ProblemError('method-not-allowed', undefined, { headers }) : undefined;
    sendError(res, problem ?? new ProblemError('not-found'), context?.requestId);
    return;
  }
  const { status } = toProblem(error);
  if (status === 500) context?.log.error({ err: error }, 'request failed');
  else if (status === 503) context?.log.warn({ err: error }, 'request could not be served');
  sendError(res, error, context?.requestId);
}

function securityHeaders() {
  return helmet({
    // JSON needs nothing at all; pages set their own policy.
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    referrerPolicy: { policy: 'no-referrer' },
    xFrameOptions: { action: 'deny' },
  });
}

function trustProxySetting(entries: readonly string[]): boolean | number | string[] {
  if (entries.length === 0) return false;
  if (entries.length === 1 && /^\d+$/.test(entries[0] as string)) return Number(entries[0]);
  return [...entries];
}
