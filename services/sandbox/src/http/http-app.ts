import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import express, { type ErrorRequestHandler, type Express, type Router } from 'express';
import type { SandboxLogger } from '../logger';
import { problem, sendProblem, tooLarge } from './problem';
import { MAX_BODY_BYTES } from './read-body';

/** A provider's door: taken ahead of Express, which would cost a message several times its own handling. */
export interface DirectRoute {
  takes(url: string): boolean;
  handle(req: IncomingMessage, res: ServerResponse): Promise<void>;
}

/** Answers some paths of its own and gives undefined for the others. */
export type OpsHandler = (req: IncomingMessage, res: ServerResponse) => Promise<void> | undefined;

export interface HttpAppOptions {
  doors: readonly DirectRoute[];
  ops?: OpsHandler;
  routers: readonly Router[];
  logger: SandboxLogger;
}

/** Puts the doors of the providers and the routers of the page and its API behind one request listener. */
export function httpApp({ doors, ops, routers, logger }: HttpAppOptions): RequestListener {
  const app = expressApp(routers, logger);
  return (req, res) => {
    const door = doors.find((candidate) => candidate.takes(req.url ?? '/'));
    const answered = door === undefined ? ops?.(req, res) : door.handle(req, res);
    if (answered === undefined) return app(req, res);
    answered.catch((error: unknown) => {
      logger.error({ err: error }, 'the sandbox could not answer a request');
      sendProblem(res, problem('internal', 'The sandbox failed; its log says why.'));
    });
  };
}

function expressApp(routers: readonly Router[], logger: SandboxLogger): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use((_req, res, next) => {
    res.setHeader('x-content-type-options', 'nosniff');
    res.setHeader('referrer-policy', 'no-referrer');
    next();
  });
  for (const router of routers) app.use(router);
  app.use((req, res) =>
    sendProblem(res, problem('not-found', `There is no ${req.method} ${req.path} here.`)),
  );
  app.use(errorHandler(logger));
  return app;
}

function errorHandler(logger: SandboxLogger): ErrorRequestHandler {
  return (error: { type?: string; status?: number }, _req, res, _next) => {
    if (error.type === 'entity.too.large') return sendProblem(res, tooLarge(MAX_BODY_BYTES));
    if (error.type === 'entity.parse.failed') {
      return sendProblem(res, problem('malformed-json', 'The body cannot be read as JSON.'));
    }
    if (error.status !== undefined && error.status >= 400 && error.status < 500) {
      return sendProblem(res, problem('bad-request', 'The request cannot be read.'));
    }
    logger.error({ err: error }, 'the sandbox could not answer a request');
    sendProblem(res, problem('internal', 'The sandbox failed; its log says why.'));
  };
}
