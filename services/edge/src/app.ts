import { EDGE_ROUTES } from '@herald/contracts';
import { applyReceipt, type Database, findProviderConfig } from '@herald/db';
import {
  createGuardedDispatcher,
  createHttpApp,
  type Health,
  type Logger,
  type Metrics,
  mountRoutes,
  type SecretBox,
} from '@herald/platform';
import { type Express } from 'express';
import { edgeMetrics } from './metrics';
import { rawBodyReader } from './receipts/read-raw-body';
import { receiptProviders } from './receipts/receipt-providers';
import { takeReceiptHandler } from './receipts/take-receipt-handler';

export interface EdgeAppDeps {
  db: Database;
  box: SecretBox;
  publicUrl: string;
  logger: Logger;
  metrics: Metrics;
  health: Health;
  /** As `HttpConfig.trustProxy`. */
  trustProxy?: readonly string[];
}

/** For what a signature's check has to fetch. */
const VERIFY_TIMEOUT_MS = 5000;

/** The edge as an app, not listening yet. */
export function createEdgeApp({
  db,
  box,
  publicUrl,
  logger,
  metrics,
  health,
  trustProxy,
}: EdgeAppDeps): Express {
  const app = createHttpApp({ service: 'edge', logger, metrics, health, trustProxy });
  const [receiptRoute] = EDGE_ROUTES;
  const handlers = {
    takeReceipt: takeReceiptHandler({
      findProvider: receiptProviders({ find: (id) => findProviderConfig(db, id), box }),
      verifying: {
        dispatcher: createGuardedDispatcher({
          allow: [],
          connectTimeoutMs: VERIFY_TIMEOUT_MS,
          headersTimeoutMs: VERIFY_TIMEOUT_MS,
          bodyTimeoutMs: VERIFY_TIMEOUT_MS,
        }),
        now: Date.now,
      },
      readBody: rawBodyReader(receiptRoute.bodyLimitBytes),
      apply: (receipt) => applyReceipt(db, receipt),
      publicUrl,
      metrics: edgeMetrics(metrics),
    }),
  };
  mountRoutes(app, EDGE_ROUTES, handlers, { authenticate: nobodyHasAKey });
  return app;
}

function nobodyHasAKey(): never {
  throw new Error('The edge has public routes only');
}
