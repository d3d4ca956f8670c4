import { type Database } from '../connection/database';
import { type FeedHead, type FeedRef } from './feed-item';

/** An item for a feed. */
export interface NewFeedItem extends FeedRef {
  /** The delivery's: an item with an id that was there before changes nothing. */
  id: string;
  notificationId: string;
  title: string;
  body?: string;
  category?: string;
  url?: string;
  imageUrl?: string;
  data?: Record<string, unknown>;
  /** RFC 3339. */
  expiresAt?: string;
}

/**
 * Adds items to feeds, in one statement, in the order given; gives the head of each feed that has one of them now. A
 * repeat leaves an item as it is.
 *
 * The feeds are locked in the order of their keys, before their items: two batches with the same feeds wait for each other
 * and never both. Whoever has a feed's lock gets the next numbers and commits them before the next one gets any. What was
 * there before needs no numbers; if another batch added an item meanwhile its numbers stay unused.
 */
export async function addFeedItems(db: Database, items: readonly NewFeedItem[]): Promise<FeedHead[]> {
  if (items.length === 0) return [];
  const rows = items.map((item) => ({
    id: item.id,
    tenant_id: item.tenantId,
    recipient: item.recipient,
    notification_id: item.notificationId,
    title: item.title,
    body: item.body,
    category: item.category,
    url: item.url,
    image_url: item.imageUrl,
    data: item.data,
    // RFC 3339 has offsets up to 23:59, Postgres takes them up to 15:59 only.
    expires_at: item.expiresAt === undefined ? undefined : new Date(item.expiresAt),
  }));
  return db.prepared<FeedHead & Record<string, unknown>>('feed-add', ADD, [JSON.stringify(rows)]);
}

const ADD = `
WITH given AS MATERIALIZED (
  SELECT g.*, EXISTS (SELECT FROM feed_items i WHERE i.id = g.id) AS known
  FROM ROWS FROM (json_to_recordset($1::json) AS (id uuid, tenant_id uuid, recipient text, notification_id uuid, title text,
    body text, category text, url text, image_url text, data json, expires_at timestamptz)) WITH ORDINALITY
    AS g(id, tenant_id, recipient, notification_id, title, body, category, url, image_url, data, expires_at, n)
), bumped AS (
  INSERT INTO feeds AS f (tenant_id, recipient, last_seq)
  SELECT tenant_id, recipient, count(*) FROM given WHERE NOT known GROUP BY tenant_id, recipient ORDER BY tenant_id, recipient
  ON CONFLICT (tenant_id, recipient) DO UPDATE SET last_seq = f.last_seq + excluded.last_seq
  RETURNING tenant_id, recipient, last_seq
), numbered AS (
  SELECT g.*, b.last_seq + 1
    - row_number() OVER (PARTITION BY g.tenant_id, g.recipient ORDER BY g.n DESC) AS seq
  FROM given g JOIN bumped b ON b.tenant_id = g.tenant_id AND b.recipient = g.recipient
  WHERE NOT g.known
), added AS (
  INSERT INTO feed_items (id, tenant_id, recipient, notification_id, position, seq, title, body, category, url, image_url,
    data, expires_at)
  SELECT id, tenant_id, recipient, notification_id, seq, seq, title, body, category, url, image_url, data, expires_at
  FROM numbered
  ON CONFLICT (id) DO NOTHING
)
SELECT tenant_id AS "tenantId", recipient, last_seq AS seq FROM bumped
UNION ALL
SELECT f.tenant_id, f.recipient, f.last_seq FROM feeds f
JOIN (SELECT DISTINCT tenant_id, recipient FROM given WHERE known) k ON k.tenant_id = f.tenant_id AND k.recipient = f.recipient
WHERE NOT EXISTS (SELECT FROM bumped b WHERE b.tenant_id = f.tenant_id AND b.recipient = f.recipient)`;
