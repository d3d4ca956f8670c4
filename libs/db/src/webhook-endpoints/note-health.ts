/**
 * The part of the recording statement that notes how endpoints answer; `written` are the deliveries that it changed, `o`
 * their outcomes. An endpoint's row is written only when it begins to fail or ceases to, and every ten minutes while it
 * fails: not for each call. A row that somebody holds is left alone (so recorders never wait for each other here): another
 * one is noting the same, and the next call comes soon.
 */
export const NOTE_HEALTH = `answered AS (
  SELECT w.endpoint_id AS id, bool_or(o.outcome = 'accepted') AS well
  FROM written w JOIN o ON o.id = w.id AND o.claim = w.claim
  WHERE w.endpoint_id IS NOT NULL AND o.outcome IS NOT NULL
  GROUP BY w.endpoint_id
), health AS (
  UPDATE webhook_endpoints e SET
    failing_since = CASE WHEN NOT news.well THEN coalesce(e.failing_since, now()) END,
    failed_at = CASE WHEN NOT news.well THEN now() END
  FROM (
    SELECT h.id, a.well FROM answered a JOIN webhook_endpoints h ON h.id = a.id
    WHERE CASE WHEN a.well THEN h.failing_since IS NOT NULL
      ELSE h.failing_since IS NULL OR h.failed_at < now() - interval '10 minutes' END
    FOR NO KEY UPDATE OF h SKIP LOCKED
  ) news
  WHERE e.id = news.id
)`;
