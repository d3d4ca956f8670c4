import { type MigrationInterface, type QueryRunner } from 'typeorm';

/**
 * Partitions come and go while everything else writes. A function that changes the tables does it in one statement, so
 * that no round trip is spent with a lock held, and waits for all its locks together at most `wait_ms`: what comes after
 * it queues behind it for no longer. Then it fails with 55P03 (lock_not_available) and has changed nothing.
 */
export class Retention1700000000003 implements MigrationInterface {
  name = 'Retention1700000000003';

  async up(runner: QueryRunner): Promise<void> {
    for (const statement of [TABLES, LOCK, ATTACH, RETIRE, STRAYS]) await runner.query(statement);
  }

  async down(): Promise<void> {
    throw new Error('Migrations are append-only: restore a backup instead');
  }
}

/**
 * In the order that the statements of the hot path take their locks in (accepting: notifications, deliveries; a prepared
 * claim: the same; recording: deliveries, attempts): whoever locks several of them in this order waits for nobody who
 * waits for it.
 */
const TABLES = `
CREATE FUNCTION herald_partitioned_tables() RETURNS TABLE (parent text, key text) LANGUAGE sql IMMUTABLE AS $$
  VALUES ('notifications', 'id'), ('deliveries', 'id'), ('attempts', 'delivery_id'), ('events', 'delivery_id'),
    ('attachments', 'notification_id')
$$;
CREATE FUNCTION herald_day_floor(day date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
  SELECT herald_uuid_floor(day::timestamp AT TIME ZONE 'UTC')
$$;
`;

const LOCK = `
CREATE FUNCTION herald_lock(relation text, mode text, deadline timestamptz) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('lock_timeout', greatest(1, ceil(extract(epoch FROM deadline - clock_timestamp()) * 1000))::integer
    || 'ms', true);
  EXECUTE format('LOCK TABLE ONLY %I IN %s MODE', relation, mode);
END
$$;
COMMENT ON FUNCTION herald_lock IS 'Locks a table until the end of the transaction, or fails at the deadline';
`;

/**
 * ATTACH and not CREATE … PARTITION OF: that would lock the table against everything. For a day that begins later ATTACH
 * locks only the default partition, which a plan that knows its ids does not touch. A day whose rows come now, or
 * that has rows in the default partition, needs the table to itself for a moment: a statement planned before would look
 * for moved rows in the wrong place, or find its new row refused by the default partition.
 */
const ATTACH = `
CREATE FUNCTION herald_attach_partition(parent text, day date, wait_ms integer, max_rows integer)
RETURNS TABLE (outcome text, moved integer) LANGUAGE plpgsql AS $$
DECLARE
  key text := (SELECT t.key FROM herald_partitioned_tables() t WHERE t.parent = herald_attach_partition.parent);
  fallback text := parent || '_default';
  child text := parent || '_' || to_char(day, 'YYYYMMDD');
  low uuid := herald_day_floor(day);
  high uuid := herald_day_floor(day + 1);
  in_range text := format('%I >= %L AND %I < %L', key, low, key, high);
  strays integer;
  deadline timestamptz;
BEGIN
  outcome := 'exists';
  moved := 0;
  -- The same lock as herald_ensure_partitions: several schedulers may come at once. to_regclass would go by what this
  -- session knew before it waited.
  PERFORM pg_advisory_xact_lock(4741703);
  IF EXISTS (SELECT FROM pg_class WHERE relname = child AND relnamespace = current_schema()::regnamespace) THEN
    RETURN NEXT;
    RETURN;
  END IF;
  EXECUTE format('SELECT count(*) FROM (SELECT FROM %I WHERE %s LIMIT $1 + 1) found', fallback, in_range)
    INTO strays USING max_rows;
  outcome := 'full';
  IF strays > max_rows THEN RETURN NEXT; RETURN; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
  IF parent = 'deliveries' THEN
    EXECUTE format('ALTER TABLE %I SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)', child);
  END IF;
  deadline := clock_timestamp() + wait_ms * interval '1 millisecond';
  IF strays > 0 OR day <= (now() AT TIME ZONE 'UTC' + interval '1 hour')::date THEN
    PERFORM herald_lock(parent, 'ACCESS EXCLUSIVE', deadline);
    PERFORM herald_lock(fallback, 'ACCESS EXCLUSIVE', deadline);
    EXECUTE format('WITH strays AS (DELETE FROM %I WHERE %s RETURNING *) INSERT INTO %I SELECT * FROM strays',
      fallback, in_range, child);
    GET DIAGNOSTICS moved = ROW_COUNT;
  ELSE
    PERFORM herald_lock(parent, 'SHARE UPDATE EXCLUSIVE', deadline);
    PERFORM herald_lock(fallback, 'ACCESS EXCLUSIVE', deadline);
  END IF;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, low, high);
  outcome := 'made';
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION herald_attach_partition IS
  'Makes the partition of a day (UTC) and moves what the default partition holds of it, unless that is more than max_rows';
`;

/**
 * DETACH … CONCURRENTLY is refused where a default partition exists, so DETACH has to have the tables to itself. All
 * tables of a day go in one transaction: nobody ever sees a delivery without its notification. What is detached is
 * renamed; dropping it locks nothing that others use.
 */
const RETIRE = `
CREATE FUNCTION herald_retire_day(day date, wait_ms integer) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  suffix text := '_' || to_char(day, 'YYYYMMDD');
  deadline timestamptz := clock_timestamp() + wait_ms * interval '1 millisecond';
  open boolean := false;
  attached text[];
  parent text;
BEGIN
  SELECT coalesce(array_agg(t.parent ORDER BY t.ordinality), '{}') INTO attached
  FROM herald_partitioned_tables() WITH ORDINALITY t JOIN pg_inherits i ON i.inhparent = to_regclass(t.parent)
    AND i.inhrelid = to_regclass(t.parent || suffix);
  IF attached = '{}' THEN RETURN 'absent'; END IF;
  -- Looked at twice: in vain it must not cost anybody a lock, and under the locks it holds.
  FOR look IN 1 .. 2 LOOP
    IF 'deliveries' = ANY(attached) THEN
      EXECUTE format('SELECT EXISTS (SELECT FROM %1$I WHERE due_at IS NOT NULL)
        OR EXISTS (SELECT FROM %1$I WHERE wake_at IS NOT NULL)', 'deliveries' || suffix) INTO open;
    END IF;
    IF open THEN RETURN 'open'; END IF;
    EXIT WHEN look = 2;
    FOREACH parent IN ARRAY attached LOOP
      PERFORM herald_lock(parent, 'ACCESS EXCLUSIVE', deadline);
      PERFORM herald_lock(parent || '_default', 'ACCESS EXCLUSIVE', deadline);
      PERFORM herald_lock(parent || suffix, 'ACCESS EXCLUSIVE', deadline);
    END LOOP;
  END LOOP;
  FOREACH parent IN ARRAY attached LOOP
    EXECUTE format('ALTER TABLE %I DETACH PARTITION %I', parent, parent || suffix);
    EXECUTE format('ALTER TABLE %I RENAME TO %I', parent || suffix, 'retired_' || parent || suffix);
  END LOOP;
  RETURN 'retired';
END
$$;
COMMENT ON FUNCTION herald_retire_day IS
  'Detaches all tables of a day (UTC) and renames them to retired_…, unless a delivery of the day is still open';
`;

/**
 * Whole milliseconds go together, because a delivery's id is of its notification's. Where a delivery is open, everything
 * from its millisecond on stays. The rows are locked before that is judged: a replay waits, or is seen.
 */
const STRAYS = `
CREATE FUNCTION herald_delete_strays(before_day date, step integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  high uuid := herald_day_floor(before_day);
  deleted integer := 0;
  t record;
  candidate uuid;
  n integer;
BEGIN
  FOR t IN SELECT * FROM herald_partitioned_tables() LOOP
    EXECUTE format('SELECT %1$I FROM %2$I WHERE %1$I < $1 ORDER BY %1$I OFFSET $2 LIMIT 1', t.key, t.parent || '_default')
      INTO candidate USING high, step - 1;
    -- The end of the candidate's millisecond: its first 48 bits, and the rest set.
    high := least(high, (left(candidate::text, 14) || 'ffff-ffff-ffffffffffff')::uuid);
  END LOOP;
  PERFORM FROM deliveries_default WHERE id <= high ORDER BY id FOR UPDATE;
  SELECT id INTO candidate FROM (
    (SELECT id FROM deliveries_default WHERE due_at IS NOT NULL AND id <= high)
    UNION ALL (SELECT id FROM deliveries_default WHERE wake_at IS NOT NULL AND id <= high)) open
  ORDER BY id LIMIT 1;
  high := least(high, (left(candidate::text, 14) || '0000-0000-000000000000')::uuid);
  DELETE FROM dead_letters WHERE delivery_id IN (SELECT id FROM deliveries_default WHERE id < high);
  FOR t IN SELECT * FROM herald_partitioned_tables() LOOP
    EXECUTE format('DELETE FROM %I WHERE %I < $1', t.parent || '_default', t.key) USING high;
    GET DIAGNOSTICS n = ROW_COUNT;
    deleted := deleted + n;
  END LOOP;
  RETURN deleted;
END
$$;
COMMENT ON FUNCTION herald_delete_strays IS
  'Deletes settled rows of before a day (UTC) from the default partitions, about step of each table; returns how many';
`;
