import { ADMIN_ROUTES } from '@herald/contracts';
import { type Database } from '@herald/db';
import {
  type Authenticator,
  createHttpApp,
  type EncryptionKey,
  type Health,
  type Logger,
  limitKey,
  type Metrics,
  mountRoutes,
  type SecretBox,
  serveApiReference,
} from '@herald/platform';
import { type DeliveryQueues, type TokenBuckets } from '@herald/queue';
import { type Express } from 'express';
import { apiKeyHandlers } from './api-keys';
import { channelHandlers } from './channels';
import { deadLetterHandlers } from './dead-letters/dead-letter-handlers';
import { adminMetrics } from './metrics';
import { providerHandlers } from './providers/provider-handlers';
import { serveQueuePage } from './queue-page';
import { recipientTokenHandlers } from './recipient-tokens';
import { suppressionHandlers } from './suppressions';
import { tenantHandlers } from './tenants';
import { vapidKeyHandlers } from './vapid-keys';
import { webhookEndpointHandlers } from './webhook-endpoints/webhook-endpoint-handlers';
import { webhookSecretHandlers } from './webhook-secrets';

export interface AdminAppDeps {
  db: Database;
  queues: DeliveryQueues;
  buckets: Pick<TokenBuckets, 'take'>;
  box: SecretBox;
  /** Tokens of recipients are signed by a key that is derived from the first of these. */
  keys: readonly EncryptionKey[];
  /** Has to know the operator's key. */
  authenticator: Pick<Authenticator, 'authenticate'>;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  /** As `HttpConfig.trustProxy`. */
  trustProxy?: readonly string[];
  /** Served at /openapi.json, with a reference page at /docs. */
  openapi?: object | (() => object);
}

/** The admin API as an app, not listening yet. */
export function createAdminApp(deps: AdminAppDeps): Express {
  const { db, queues, logger, metrics, health, trustProxy, authenticator, openapi } = deps;
  const app = createHttpApp({ service: 'admin-api', logger, metrics, health, trustProxy });
  const own = adminMetrics(metrics);
  const limits = { take: deps.buckets.take.bind(deps.buckets), metrics: own };
  const handlers = {
    ...tenantHandlers(deps),
    ...apiKeyHandlers(deps),
    ...providerHandlers(deps),
    ...webhookSecretHandlers(deps),
    ...vapidKeyHandlers(deps),
    ...recipientTokenHandlers(deps),
    ...suppressionHandlers(deps),
    ...deadLetterHandlers({ db, queues, metrics: own }),
    ...webhookEndpointHandlers({ db, queues, metrics: own }),
    ...channelHandlers(deps),
  };
  mountRoutes(app, ADMIN_ROUTES, handlers, {
    authenticate: (authorization) => authenticator.authenticate(authorization),
    admit: (principal, _route, res) =>
      principal.kind === 'tenant' ? limitKey(limits, principal, res, 'admin') : undefined,
  });
  serveQueuePage(app, deps);
  if (openapi) serveApiReference(app, { openapi, title: 'Herald admin API' });
  return app;
}
