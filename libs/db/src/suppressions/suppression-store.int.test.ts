import { addressKey } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { connectForTest } from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import {
  createSuppression,
  deleteSuppression,
  listSuppressions,
  type SuppressionPosition,
} from './suppression-store';

const database = useTestDatabase();
let db: Database;
let tenantId: string;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  tenantId = await newTenant(db);
});
afterAll(() => db.close());

const suppress = (address: string, reason: 'manual' | 'opt_out' = 'manual') =>
  createSuppression(db, { tenantId, live: true, channel: 'email', address, reason });

it('keeps a hash and a mask of the address, and nothing else of it', async () => {
  const { created, entry } = await suppress('Ada.Lovelace@example.com');
  expect(created).toBe(true);
  expect(entry).toEqual({
    channel: 'email',
    hint: 'A•••@example.com',
    reason: 'manual',
    deliveryId: null,
    createdAt: expect.any(Date),
  });
  const [row] = await db.rows('SELECT * FROM suppressions WHERE tenant_id = $1', [tenantId]);
  expect((row!.address_key as Buffer).toString('hex')).toBe(
    addressKey(tenantId, 'email', 'ada.lovelace@example.com'),
  );
  expect(JSON.stringify(row)).not.toContain('ovelace');
});

it('leaves what is suppressed already as it is, in whatever case it is written', async () => {
  const first = await suppress('ada@example.com', 'opt_out');
  expect(await suppress('ADA@example.com')).toEqual({ created: false, entry: first.entry });
  expect(await listSuppressions(db, { tenantId, live: true }, { limit: 10 })).toHaveLength(1);
});

it('deletes by address, within the tenant', async () => {
  await suppress('ada@example.com');
  const address = 'ada@example.com';
  const stranger = await newTenant(db);
  expect(await deleteSuppression(db, { tenantId: stranger, live: true, channel: 'email', address })).toBe(
    false,
  );
  expect(await deleteSuppression(db, { tenantId, live: true, channel: 'webhook', address })).toBe(false);
  expect(await deleteSuppression(db, { tenantId, live: true, channel: 'email', address })).toBe(true);
  expect(await deleteSuppression(db, { tenantId, live: true, channel: 'email', address })).toBe(false);
});

it('keeps what test keys cause apart', async () => {
  await createSuppression(db, {
    tenantId,
    live: false,
    channel: 'email',
    address: 'ada@example.com',
    reason: 'bounce',
  });
  expect(await listSuppressions(db, { tenantId, live: true }, { limit: 10 })).toEqual([]);
  expect(await listSuppressions(db, { tenantId, live: false }, { limit: 10 })).toHaveLength(1);
  expect(
    await deleteSuppression(db, { tenantId, live: true, channel: 'email', address: 'ada@example.com' }),
  ).toBe(false);
});

it('lists every one once in pages, newest first, also within one microsecond', async () => {
  for (let n = 0; n < 9; n += 1) await suppress(`user${n}@example.com`);
  await createSuppression(db, {
    tenantId,
    live: true,
    channel: 'sms',
    address: '+4915112345678',
    reason: 'manual',
  });
  // Six in one microsecond, four apart by one.
  await db.rows(
    `UPDATE suppressions s SET created_at = '2030-01-01T00:00:00.123456Z'::timestamptz
       - greatest(0, r.n - 6) * interval '1 microsecond'
     FROM (SELECT address_key, row_number() OVER () AS n FROM suppressions WHERE tenant_id = $1) r
     WHERE s.tenant_id = $1 AND s.address_key = r.address_key`,
    [tenantId],
  );
  for (const limit of [1, 3, 4, 100]) {
    const seen: string[] = [];
    for (let before: SuppressionPosition | undefined; ; ) {
      const page = await listSuppressions(db, { tenantId, live: true }, { limit, before });
      seen.push(
        ...page.map(({ position }) => `${position.micros} ${position.channel} ${position.addressKey}`),
      );
      before = page.at(-1)?.position;
      if (page.length < limit) break;
    }
    expect(new Set(seen).size).toBe(10);
    expect(seen).toEqual([...seen].sort().reverse());
  }
  expect(await listSuppressions(db, { tenantId, live: true, channel: 'sms' }, { limit: 10 })).toHaveLength(1);
  expect(await listSuppressions(db, { tenantId: await newTenant(db), live: true }, { limit: 10 })).toEqual(
    [],
  );
});
