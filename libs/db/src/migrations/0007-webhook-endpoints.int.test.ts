import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { WebhookEndpoints1700000000007 } from './0007-webhook-endpoints';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
afterAll(() => db.close());

/** The partitions of deliveries, and whether each has the index on endpoints. */
const partitions = () =>
  db.rows<{ name: string; indexed: boolean }>(
    `SELECT c.relname AS name, EXISTS (
       SELECT 1 FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
       WHERE x.indrelid = c.oid AND x.indisvalid AND a.inhparent = 'deliveries_endpoint'::regclass) AS indexed
     FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'deliveries'::regclass ORDER BY 1`,
  );
const isValid = () =>
  db.rows("SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = 'deliveries_endpoint'::regclass");

it('gives every partition the index, those that are made later too', async () => {
  await db.rows("SELECT herald_attach_partition('deliveries', '2031-05-17', 1000, 0)");
  const all = await partitions();
  expect(all.map(({ name }) => name)).toContain('deliveries_20310517');
  expect(all.filter(({ indexed }) => !indexed)).toEqual([]);
  expect(await isValid()).toEqual([{ valid: true }]);
});

it('goes on where it was interrupted', async () => {
  const [first] = await partitions();
  await db.rows('DROP INDEX deliveries_endpoint');
  await db.rows(
    'CREATE INDEX deliveries_endpoint ON ONLY deliveries (endpoint_id, id) WHERE endpoint_id IS NOT NULL',
  );
  await db.rows(
    `CREATE INDEX ${first!.name}_endpoint ON ${first!.name} (endpoint_id, id) WHERE endpoint_id IS NOT NULL`,
  );
  expect(await isValid()).toEqual([{ valid: false }]);
  const runner = db.dataSource.createQueryRunner();
  for (let twice = 0; twice < 2; twice += 1) await new WebhookEndpoints1700000000007().up(runner);
  await runner.release();
  expect((await partitions()).filter(({ indexed }) => !indexed)).toEqual([]);
  expect(await isValid()).toEqual([{ valid: true }]);
});
