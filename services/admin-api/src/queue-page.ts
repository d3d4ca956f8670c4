import { type Authenticator, ProblemError, requestContext } from '@herald/platform';
import { type DeliveryQueues } from '@herald/queue';
import { type Express, type NextFunction, type Request, type RequestHandler, type Response } from 'express';

export interface QueuePageDeps {
  queues: DeliveryQueues;
  authenticator: Pick<Authenticator, 'authenticate'>;
}

const PATH = '/queues';
const BASIC = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i;
/** Nothing from elsewhere: the page asks Google for fonts, and does without. */
const PAGE_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Bull Board at `/queues`, for the operator's key as the password of HTTP's basic authentication, with any user name. It
 * shows and changes nothing: Postgres decides what is sent, so lanes are paused and dead letters replayed by the API.
 */
export function serveQueuePage(app: Express, { queues, authenticator }: QueuePageDeps): void {
  const loaded: { board?: Promise<RequestHandler> } = {};
  const admit = (req: Request, res: Response, next: NextFunction) => {
    const context = requestContext(res);
    if (context) context.route = PATH;
    isOperator(authenticator, req.headers.authorization).then((known) => {
      if (!known) next(unauthorized());
      else if (!['GET', 'HEAD'].includes(req.method)) next(readOnly());
      else if (!queues.available) next(new ProblemError('unavailable', 'Redis is away.'));
      else {
        res.setHeader('content-security-policy', PAGE_POLICY);
        res.setHeader('cache-control', 'no-store');
        next();
      }
    }, next);
  };
  const show = (req: Request, res: Response, next: NextFunction) => {
    loaded.board ??= openBoard(queues);
    loaded.board.then((board) => board(req, res, next), next);
  };
  app.use(PATH, admit, show);
}

/** Loaded when somebody looks: it would add a tenth to the time that a process takes to start. */
async function openBoard(queues: DeliveryQueues): Promise<RequestHandler> {
  const [{ createBullBoard }, { BullMQAdapter }, { ExpressAdapter }] = await Promise.all([
    import('@bull-board/api'),
    import('@bull-board/api/bullMQAdapter'),
    import('@bull-board/express'),
  ]);
  const board = new ExpressAdapter();
  board.setBasePath(PATH);
  createBullBoard({
    queues: queues.all().map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: board,
    options: {
      uiConfig: {
        boardTitle: 'Herald queues',
        hideRedisDetails: true,
        hideDocsLink: true,
        // Finding them asks Redis for all its clients, for every queue at every poll.
        showWorkers: false,
      },
    },
  });
  return board.getRouter() as RequestHandler;
}

async function isOperator(
  authenticator: QueuePageDeps['authenticator'],
  authorization = '',
): Promise<boolean> {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return false;
  const pair = Buffer.from(encoded, 'base64').toString('utf8');
  const password = pair.slice(pair.indexOf(':') + 1);
  const caller = await authenticator.authenticate(`Bearer ${password}`);
  return caller.kind === 'operator';
}

function unauthorized(): ProblemError {
  return new ProblemError('unauthorized', "The operator's key is asked for, as the password.", {
    headers: { 'www-authenticate': 'Basic realm="Herald queues", charset="UTF-8"' },
  });
}

function readOnly(): ProblemError {
  return new ProblemError('method-not-allowed', 'This page changes nothing: use the API.', {
    headers: { allow: 'GET, HEAD' },
  });
}
