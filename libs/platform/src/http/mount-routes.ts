import { type FieldError, holdsMoreValuesThan, type RouteContract } from '@herald/contracts';
import { type Express, type Request, type Response } from 'express';
import { type AuthFailure, type Caller, checkAccess, type Principal } from '../auth/principal';
import { type Logger } from '../log/create-logger';
import { authProblem } from './auth-problem';
import { ProblemError } from './problem-error';
import { readJsonBody } from './read-json-body';
import { requestContext } from './request-context';
import { expressPath, rememberRoute } from './route-table';
import { type HeaderValues, send, sendJson } from './send';
import { unstorableText } from './unstorable-text';
import { validateDto } from './validate-dto';
import { validateQuery } from './validate-query';

/** What a handler gets; everything in it has been checked. `principal` is undefined for public routes only. */
// biome-ignore lint/suspicious/noExplicitAny: each handler names the types that its route's contract gives it
export interface RouteContext<Body = any, Query = any, P extends Caller | undefined = any> {
  principal: P;
  params: Record<string, string>;
  query: Query;
  body: Body;
  req: Request;
  res: Response;
  requestId: string;
  log: Logger;
}

export interface RouteResult {
  status: number;
  /** Sent as JSON; a string or Buffer is sent as it is when the headers name a content type. */
  body?: unknown;
  headers?: HeaderValues;
}

// biome-ignore lint/suspicious/noExplicitAny: as above
export type RouteHandler<C extends RouteContext = any> = (ctx: C) => Promise<RouteResult>;

export interface RouteDeps<P extends Caller = Principal> {
  authenticate(authorization: string | undefined): P | AuthFailure | Promise<P | AuthFailure>;
  /** Runs once a caller is known and before the body is read, e.g. a rate limit: throws a ProblemError to refuse. */
  admit?(principal: P, route: RouteContract, res: Response): void | Promise<void>;
}

const DEFAULT_BODY_LIMIT_BYTES = 256 * 1024;
/**
 * Twice what the largest list of any DTO holds. The validators take up to 70 us for each value that is wrong, and 256 KiB
 * have room for 40,000.
 */
const MAX_VALUES = 2000;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const ID_PARAMETER = /^(?:id|.*Id)$/;

/**
 * Adds the routes of a table to an app. Each request is authenticated, admitted, read and validated as its contract
 * says before its handler runs.
 * @throws Error when a route has no handler or a handler no route
 */
export function mountRoutes<const R extends readonly RouteContract[], P extends Caller = Principal>(
  app: Express,
  routes: R,
  handlers: Record<R[number]['operationId'], RouteHandler>,
  deps: RouteDeps<P>,
): void {
  const byId = new Map<string, RouteHandler>(Object.entries(handlers));
  for (const id of byId.keys()) {
    if (!routes.some((route) => route.operationId === id)) throw new Error(`The handler ${id} has no route`);
  }
  for (const route of inMatchingOrder(routes)) {
    const handler = byId.get(route.operationId);
    if (!handler) throw new Error(`The route ${route.operationId} has no handler`);
    rememberRoute(app, route);
    app[route.method](expressPath(route.path), (req, res) => serve(route, handler, deps, req, res));
  }
}

/** Paths without parameters first, so that `/things/batch` is not taken for `/things/{id}`. */
function inMatchingOrder(routes: readonly RouteContract[]): RouteContract[] {
  const parameters = (route: RouteContract) => route.path.split('{').length;
  return [...routes].sort((a, b) => parameters(a) - parameters(b));
}

async function serve<P extends Caller>(
  route: RouteContract,
  handler: RouteHandler,
  deps: RouteDeps<P>,
  req: Request,
  res: Response,
): Promise<void> {
  const context = requestContext(res);
  if (!context) throw new Error('mountRoutes needs an app of createHttpApp');
  context.route = route.path;
  const principal = await identify(route, deps, req);
  if (principal && deps.admit) await deps.admit(principal, route, res);
  const params = readParams(req);
  const { query, body } = await readInput(route, req);
  const { requestId, log } = context;
  answer(res, await handler({ principal, params, query, body, req, res, requestId, log }));
}

async function identify<P extends Caller>(
  route: RouteContract,
  deps: RouteDeps<P>,
  req: Request,
): Promise<P | undefined> {
  if (route.access === 'public') return undefined;
  const outcome = await deps.authenticate(req.headers.authorization);
  if (outcome.kind === 'failure') throw authProblem(outcome);
  const failure = checkAccess(outcome, route.access);
  if (failure) throw authProblem(failure);
  return outcome;
}

function readParams(req: Request): Record<string, string> {
  const params = req.params as Record<string, string>;
  for (const [name, value] of Object.entries(params)) {
    // What is not an id cannot be the id of anything.
    if (ID_PARAMETER.test(name) && !UUID.test(value)) throw new ProblemError('not-found');
  }
  return params;
}

async function readInput(route: RouteContract, req: Request): Promise<{ query: object; body: unknown }> {
  const query = readQuery(route, req);
  const body = await readBody(route, req);
  const errors: FieldError[] = [query, body].flatMap((result) => (result.ok ? [] : result.errors));
  if (!query.ok || !body.ok) throw new ProblemError('validation', undefined, { errors });
  return { query: query.value, body: body.value };
}

function readQuery(route: RouteContract, req: Request) {
  const query = validateQuery(route.query, req.query);
  const errors = query.ok ? unstorableText(query.value, '/query') : [];
  return errors.length > 0 ? { ok: false as const, errors } : query;
}

async function readBody(route: RouteContract, req: Request) {
  if (!route.body) return { ok: true as const, value: undefined };
  const limitBytes = route.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES;
  const json = await readJsonBody(req, limitBytes);
  if (json === undefined && !route.bodyOptional) {
    throw new ProblemError('malformed-json', 'A JSON body is needed.');
  }
  const errors = hostileValues(json);
  if (errors.length > 0) return { ok: false as const, errors };
  return validateDto(route.body as new () => object, json ?? {});
}

/** What no route takes, whatever its DTO says: far too much, and texts that cannot be stored. */
function hostileValues(json: unknown): FieldError[] {
  if (holdsMoreValuesThan(MAX_VALUES, json)) {
    return [{ pointer: '', detail: `must hold at most ${MAX_VALUES} values` }];
  }
  return unstorableText(json);
}

function answer(res: Response, { status, body, headers = {} }: RouteResult): void {
  if (res.headersSent) return;
  const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  if (named && (typeof body === 'string' || Buffer.isBuffer(body))) send(res, status, body, headers);
  else sendJson(res, status, body, headers);
}
