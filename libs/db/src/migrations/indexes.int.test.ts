import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { WebhookEndpoints1700000000007 } from './0007-webhook-endpoints';
import { DueLanes1700000000012 } from './0012-due-lanes';

const database = useTestDatabase();
let db: Database;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
afterAll(() => db.close());

describe.each([
  {
    name: 'deliveries_endpoint',
    on: '(endpoint_id, id) WHERE endpoint_id IS NOT NULL',
    migration: new WebhookEndpoints1700000000007(),
  },
  {
    name: 'deliveries_wake_by_lane',
    on: '(lane, wake_at) WHERE wake_at IS NOT NULL',
    migration: new DueLanes1700000000012(),
  },
])('the migration of the index $name', ({ name: index, on, migration }) => {
  const partitions = () =>
    db.rows<{ name: string; indexed: boolean }>(
      `SELECT c.relname AS name, EXISTS (
         SELECT 1 FROM pg_index x JOIN pg_inherits a ON a.inhrelid = x.indexrelid
         WHERE x.indrelid = c.oid AND x.indisvalid AND a.inhparent = '${index}'::regclass) AS indexed
       FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'deliveries'::regclass ORDER BY 1`,
    );
  const isValid = () =>
    db.rows(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = '${index}'::regclass`);

  it('gives every partition one, those that are made later too', async () => {
    await db.rows("SELECT herald_attach_partition('deliveries', '2031-05-17', 1000, 0)");
    const all = await partitions();
    expect(all.map(({ name }) => name)).toContain('deliveries_20310517');
    expect(all.filter(({ indexed }) => !indexed)).toEqual([]);
    expect(await isValid()).toEqual([{ valid: true }]);
  });

  it('goes on where it was interrupted', async () => {
    const [first] = await partitions();
    await db.rows(`DROP INDEX ${index}`);
    await db.rows(`CREATE INDEX ${index} ON ONLY deliveries ${on}`);
    await db.rows(`CREATE INDEX ${first?.name}${index.replace('deliveries', '')} ON ${first?.name} ${on}`);
    expect(await isValid()).toEqual([{ valid: false }]);
    const runner = db.dataSource.createQueryRunner();
    for (let twice = 0; twice < 2; twice += 1) await migration.up(runner);
    await runner.release();
    expect((await partitions()).filter(({ indexed }) => !indexed)).toEqual([]);
    expect(await isValid()).toEqual([{ valid: true }]);
  });
});
