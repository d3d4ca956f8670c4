import { Foundation1700000000001 } from './0001-foundation';
import { FairLanes1700000000002 } from './0002-fair-lanes';
import { Retention1700000000003 } from './0003-retention';

/** Every migration, oldest first. Append only: a migration that was released never changes. */
export const MIGRATIONS = [Foundation1700000000001, FairLanes1700000000002, Retention1700000000003] as const;
