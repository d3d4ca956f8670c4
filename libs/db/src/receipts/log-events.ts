import { ANNOUNCED_RECEIPTS } from '@herald/contracts';
import { byIds, sameId } from '../deliveries/by-ids';
import { announce } from '../webhook-events/announce';

/** A delivery's timeline takes no more; a mail client that opens a mail again and again must not fill the table. */
const MAX_EVENTS = 200;

const TOLD_OF = `w.type IN (${ANNOUNCED_RECEIPTS.map((event) => `'${event}'`).join(', ')})`;

/**
 * The part of a statement that puts the events of a CTE `e` (delivery_id, id, type, detail, at) on timelines: the CTEs
 * `known` (those of deliveries that exist, with all columns of `e`) and `logged` (those that were not there before). An
 * event counts once by its id.
 * @param where whose deliveries `d` they may be of, with bounds of the ids for partition pruning (see `idBounds`)
 */
export function logEvents(where: string): string {
  return `known AS (
  SELECT e.*, d.tenant_id, d.created_at, d.notification_id, d.live, d.recipient, d.channel, d.state, d.provider,
    d.endpoint_id, d.attempts > 0 AND (
    SELECT count(*) FROM (SELECT FROM events v WHERE v.delivery_id = d.id LIMIT ${MAX_EVENTS}) told) < ${MAX_EVENTS} AS wanted
  FROM e JOIN deliveries d ON ${sameId('e.delivery_id')}
  WHERE ${byIds('SELECT delivery_id FROM e')} AND ${where}
), logged AS (
  INSERT INTO events (delivery_id, id, tenant_id, type, detail, at)
  SELECT delivery_id, id, tenant_id, type, detail, least(greatest(coalesce(at, now()), created_at), now()) FROM known WHERE wanted
  ORDER BY delivery_id, id
  ON CONFLICT DO NOTHING
  RETURNING delivery_id, id, type, detail
), told AS (
  SELECT DISTINCT ON (l.delivery_id, l.id) l.delivery_id AS id, k.notification_id, k.tenant_id, k.live, k.recipient,
    k.channel, k.state, NULL AS reason, l.detail AS code, k.provider, k.endpoint_id, l.type
  FROM logged l JOIN known k ON k.delivery_id = l.delivery_id AND k.id = l.id
), announced AS (${announce({ of: 'told', type: "'delivery.' || w.type", where: TOLD_OF })}
)`;
}
