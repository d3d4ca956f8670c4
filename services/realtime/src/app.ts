import { REALTIME_ROUTES } from '@herald/contracts';
import {
  createHttpApp,
  type Health,
  type LimitRequestsDeps,
  type Logger,
  limitRequests,
  type Metrics,
  mountRoutes,
  type RecipientPrincipal,
  type RequestLimit,
} from '@herald/platform';
import { type Express } from 'express';
import { type RecipientDoor } from './auth/recipient-door';
import { feedLimit } from './feed/feed-limit';
import { allowAnyOrigin } from './http/allow-any-origin';
import { authenticateRecipient } from './http/authenticate-recipient';
import { type FeedHandlersDeps, feedHandlers } from './http/feed-handlers';

export interface RealtimeAppDeps {
  door: RecipientDoor;
  feed: FeedHandlersDeps;
  limits: LimitRequestsDeps;
  /** Of each recipient. */
  limit: RequestLimit;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  /** As `HttpConfig.trustProxy`. */
  trustProxy?: readonly string[];
}

/** What the realtime service answers over HTTP, not listening yet. */
export function createRealtimeApp(deps: RealtimeAppDeps): Express {
  const { door, feed, limits, limit, logger, metrics, health, trustProxy } = deps;
  const app = createHttpApp({ service: 'realtime', logger, metrics, health, trustProxy });
  allowAnyOrigin(app, REALTIME_ROUTES);
  mountRoutes(app, REALTIME_ROUTES, feedHandlers(feed), {
    authenticate: (authorization) => authenticateRecipient(door, authorization),
    admit: (feedRef: RecipientPrincipal, _route, res) =>
      limitRequests(limits, feedLimit(feedRef, limit), res),
  });
  return app;
}
