import { EDGE_ROUTES } from '@herald/contracts';
import {
  createGuardedDispatcher,
  createHttpApp,
  type Health,
  type Logger,
  type Metrics,
  mountRoutes,
} from '@herald/platform';
import { type Express } from 'express';
import { edgeMetrics } from './metrics';
import { FORM_JSON_TEXT_OR_MAIL, FORM_OR_JSON, rawBodyReader } from './receipts/read-raw-body';
import { type TakeReceiptDeps, takeReceiptHandler } from './receipts/take-receipt-handler';

export interface EdgeAppDeps extends Pick<TakeReceiptDeps, 'findProvider' | 'store'> {
  publicUrl: string;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  /** As `HttpConfig.trustProxy`. */
  trustProxy?: readonly string[];
  /** As `EdgeConfig.allowedTargets`. */
  allowedTargets?: readonly string[];
}

/** For what a signature's check has to fetch. */
const VERIFY_TIMEOUT_MS = 5000;

/** The edge as an app, not listening yet. */
export function createEdgeApp({
  findProvider,
  store,
  publicUrl,
  logger,
  metrics,
  health,
  trustProxy,
  allowedTargets = [],
}: EdgeAppDeps): Express {
  const app = createHttpApp({ service: 'edge', logger, metrics, health, trustProxy });
  const [ofDelivery, ofAccount] = EDGE_ROUTES;
  const common = {
    findProvider,
    store,
    verifying: {
      dispatcher: createGuardedDispatcher({
        allow: allowedTargets,
        connectTimeoutMs: VERIFY_TIMEOUT_MS,
        headersTimeoutMs: VERIFY_TIMEOUT_MS,
        bodyTimeoutMs: VERIFY_TIMEOUT_MS,
      }),
      now: Date.now,
    },
    publicUrl,
    metrics: edgeMetrics(metrics),
  };
  const handlers = {
    takeReceipt: takeReceiptHandler({
      ...common,
      readBody: rawBodyReader(ofDelivery.bodyLimitBytes, FORM_OR_JSON),
    }),
    takeAccountReceipts: takeReceiptHandler({
      ...common,
      readBody: rawBodyReader(ofAccount.bodyLimitBytes, FORM_JSON_TEXT_OR_MAIL),
    }),
  };
  mountRoutes(app, EDGE_ROUTES, handlers, { authenticate: nobodyHasAKey });
  return app;
}

function nobodyHasAKey(): never {
  throw new Error('The edge has public routes only');
}
