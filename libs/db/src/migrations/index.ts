import { Foundation1700000000001 } from './0001-foundation';
import { FairLanes1700000000002 } from './0002-fair-lanes';
import { Retention1700000000003 } from './0003-retention';
import { Receipts1700000000004 } from './0004-receipts';
import { Pauses1700000000005 } from './0005-pauses';
import { Routing1700000000006 } from './0006-routing';
import { WebhookEndpoints1700000000007 } from './0007-webhook-endpoints';
import { SeveralTargets1700000000008 } from './0008-several-targets';
import { VapidKeys1700000000009 } from './0009-vapid-keys';
import { Feed1700000000010 } from './0010-feed';
import { Traces1700000000011 } from './0011-traces';
import { DueLanes1700000000012 } from './0012-due-lanes';
import { ReceiptShares1700000000013 } from './0013-receipt-shares';

/** Every migration, oldest first. Append only: a migration that was released never changes. */
export const MIGRATIONS = [
  Foundation1700000000001,
  FairLanes1700000000002,
  Retention1700000000003,
  Receipts1700000000004,
  Pauses1700000000005,
  Routing1700000000006,
  WebhookEndpoints1700000000007,
  SeveralTargets1700000000008,
  VapidKeys1700000000009,
  Feed1700000000010,
  Traces1700000000011,
  DueLanes1700000000012,
  ReceiptShares1700000000013,
] as const;
