import { REALTIME_ROUTES } from '@herald/contracts';
import {
  createHttpApp,
  type Health,
  type Logger,
  type Metrics,
  mountRoutes,
  type RecipientPrincipal,
} from '@herald/platform';
import { type Express } from 'express';
import { type RecipientDoor } from './auth/recipient-door';
import { allowAnyOrigin } from './http/allow-any-origin';
import { authenticateRecipient } from './http/authenticate-recipient';
import { type FeedHandlersDeps, feedHandlers } from './http/feed-handlers';
import { type LimitRequestsDeps, limitRequests } from './http/limit-requests';

export interface RealtimeAppDeps {
  door: RecipientDoor;
  feed: FeedHandlersDeps;
  requests: LimitRequestsDeps;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  /** As `HttpConfig.trustProxy`. */
  trustProxy?: readonly string[];
}

/** What the realtime service answers over HTTP, not listening yet. */
export function createRealtimeApp(deps: RealtimeAppDeps): Express {
  const { door, feed, requests, logger, metrics, health, trustProxy } = deps;
  const app = createHttpApp({ service: 'realtime', logger, metrics, health, trustProxy });
  allowAnyOrigin(app, REALTIME_ROUTES);
  mountRoutes(app, REALTIME_ROUTES, feedHandlers(feed), {
    authenticate: (authorization) => authenticateRecipient(door, authorization),
    admit: (principal: RecipientPrincipal, _route, res) => limitRequests(requests, principal, res),
  });
  return app;
}
