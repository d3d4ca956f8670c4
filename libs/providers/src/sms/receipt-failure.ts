import { type Reason } from '@herald/contracts';
import { type SuppressionReason } from '@herald/domain';

/** Why a message that a provider had taken did not arrive, and whether its address gets no more. */
export interface ReceiptFailure {
  reason: Reason;
  suppress?: SuppressionReason;
}
