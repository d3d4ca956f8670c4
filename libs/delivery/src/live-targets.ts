import { type Channel } from '@herald/contracts';
import {
  type ClaimedDelivery,
  type Database,
  findSuppressed,
  maskAddress,
  type Suppressed,
} from '@herald/db';
import { type AttemptFacts, addressKey } from '@herald/domain';
import { type Rendered } from './channel';
import { type MessageOf } from './message';

/** A device or a browser that a delivery is for. */
export interface Candidate<C extends Channel> {
  /** By which it is suppressed: the token, the endpoint. */
  address: string;
  message: MessageOf[C];
  /** When it was registered, in epoch milliseconds, as far as the request says. */
  registeredAt?: number;
  facts?: AttemptFacts;
}

/**
 * The targets of a delivery that may be tried: not those that opted out or are gone. One that was registered again after
 * it was gone is another one, though it has the same address (APNs' rule for 410).
 */
export async function liveTargets<C extends Channel>(
  db: Database,
  delivery: ClaimedDelivery,
  candidates: readonly Candidate<C>[],
): Promise<Rendered<C>> {
  const { tenantId, live, channel } = delivery;
  const keyed = distinct(candidates).map((each) => ({
    ...each,
    addressKey: addressKey(tenantId, channel, each.address),
  }));
  const suppressed = await findSuppressed(
    db,
    { tenantId, live, channel },
    keyed.map((each) => each.addressKey),
  );
  const left = keyed.filter((each) => mayBeTried(each, suppressed.get(each.addressKey)));
  if (left.length === 0) {
    const [first] = suppressed.values();
    return first ? { ok: false, suppressed: first.reason } : { ok: false, detail: 'There is no target.' };
  }
  const leftOut = keyed.length - left.length;
  return {
    ok: true,
    targets: left.map(({ address, message, addressKey: key, facts }) => {
      const hint = maskAddress(channel, address);
      return {
        message,
        addressKey: key,
        hint,
        facts: { ...facts, target: hint, ...(leftOut > 0 && { leftOut }) },
      };
    }),
  };
}

function distinct<C extends Channel>(candidates: readonly Candidate<C>[]): Candidate<C>[] {
  return [...new Map(candidates.map((each) => [each.address, each])).values()];
}

function mayBeTried<C extends Channel>(
  { registeredAt }: Candidate<C>,
  suppressed: Suppressed | undefined,
): boolean {
  if (!suppressed) return true;
  return (
    suppressed.reason === 'unregistered' &&
    registeredAt !== undefined &&
    registeredAt > suppressed.since.getTime()
  );
}
