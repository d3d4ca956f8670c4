import { type Told } from '../load/load';
import { type Arrival } from '../system/sandbox';
import { type DeliveryEntry } from './read-deliveries';

/** What the three ledgers say together. Lists hold one line for each case, to be read by people. */
export interface Comparison {
  accepted: number;
  /** Accepted, and neither arrived nor given up with a reason that explains it. */
  lost: string[];
  /** Arrived more often than once, each further time after an attempt of which nobody could know the outcome. */
  explained: number;
  unexplained: string[];
  /** At most once: given up after an attempt of which nobody can know the outcome, and not arrived. */
  givenUp: number;
  /** Postgres says something else than what happened. */
  contradictions: string[];
}

const WENT_OUT = new Set(['sent', 'delivered']);

/** Compares what the client was told, what Postgres says and what arrived. */
export function compare(
  told: readonly Told[],
  deliveries: readonly DeliveryEntry[],
  arrivals: readonly Arrival[],
): Comparison {
  const result: Comparison = {
    accepted: told.length,
    lost: [],
    explained: 0,
    unexplained: [],
    givenUp: 0,
    contradictions: [],
  };
  const entries = new Map(deliveries.map((entry) => [entry.id, entry]));
  const counts = new Map<string, number>();
  for (const { to } of arrivals) counts.set(to, (counts.get(to) ?? 0) + 1);
  for (const each of told) {
    const arrived = each.item.to.map((address) => counts.get(address) ?? 0);
    compareOne(result, each, entries.get(each.deliveryId), arrived);
    entries.delete(each.deliveryId);
    for (const address of each.item.to) counts.delete(address);
  }
  // The client repeats a request until it is told: there can be no delivery that it does not know.
  for (const { id, state } of entries.values()) {
    result.unexplained.push(`delivery ${id} (${state}) is a second one of a request, or of none`);
  }
  for (const [to, count] of counts) result.unexplained.push(`${to} got ${count} messages that nobody sent`);
  return result;
}

function compareOne(
  result: Comparison,
  { item, deliveryId }: Told,
  entry: DeliveryEntry | undefined,
  arrived: readonly number[],
): void {
  const name = `number ${item.n} (delivery ${deliveryId}, ${item.to.join(' and ')})`;
  if (!entry) {
    result.lost.push(`${name} is not in Postgres`);
    return;
  }
  const facts = `${entry.state}, ${entry.reason ?? 'no reason'}, ${entry.ambiguous} ambiguous, ${arrived.join(' and ')} arrived`;
  const reached = arrived.some((times) => times > 0);
  const nobodyKnows = item.atMostOnce && entry.state === 'dead' && entry.ambiguous > 0;
  if (!reached && nobodyKnows) result.givenUp += 1;
  else if (!reached) result.lost.push(`${name}: ${facts}`);
  else if (!WENT_OUT.has(entry.state) && !nobodyKnows) result.contradictions.push(`${name}: ${facts}`);
  const again = arrived.map((times) => Math.max(0, times - 1));
  const most = Math.max(...again);
  if (most === 0) return;
  // An attempt that nobody knows the end of may have reached each of the devices once.
  if (item.atMostOnce || most > entry.ambiguous) result.unexplained.push(`${name}: ${facts}`);
  else result.explained += again.reduce((sum, times) => sum + times, 0);
}
