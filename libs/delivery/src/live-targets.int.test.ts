import { Database } from '@herald/db';
import { addressKey, newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Candidate, liveTargets } from './live-targets';
import { claimedDelivery } from './testing/claimed-delivery';

const database = useTestDatabase();
const tenantId = newId(Date.now());
const delivery = claimedDelivery({ tenantId, channel: 'push' });
let db: Database;
beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 2,
    statementTimeoutMs: 10_000,
    connectTimeoutMs: 3000,
    applicationName: 'test',
  });
  await db.rows("INSERT INTO tenants (id, name) VALUES ($1, 'Test')", [tenantId]);
});
afterAll(() => db.close());
afterEach(() => db.rows('DELETE FROM suppressions'));

function device(token: string, registeredAt?: Date): Candidate<'push'> {
  return {
    address: token,
    message: { platform: 'ios', token, content: { title: 'T' } },
    registeredAt: registeredAt?.getTime(),
    facts: { platform: 'ios' },
  };
}

async function suppress(token: string, reason: string, goneSince?: Date): Promise<void> {
  await db.rows(
    `INSERT INTO suppressions (tenant_id, live, channel, address_key, reason, hint, gone_since)
     VALUES ($1, true, 'push', decode($2, 'hex'), $3, '', $4)`,
    [tenantId, addressKey(tenantId, 'push', token), reason, goneSince ?? null],
  );
}

const at = (minute: number) => new Date(Date.UTC(2020, 0, 1, 12, minute));

it('takes all when none is suppressed, each address once', async () => {
  const rendered = await liveTargets(db, delivery, [device('aaaabbbbccccdddd'), device('b'), device('b')]);
  expect(rendered).toMatchObject({
    ok: true,
    targets: [
      {
        addressKey: addressKey(tenantId, 'push', 'aaaabbbbccccdddd'),
        hint: '•••dddd',
        facts: { platform: 'ios', target: '•••dddd' },
      },
      { message: { token: 'b' }, hint: '•••' },
    ],
  });
  expect(JSON.stringify(rendered)).not.toContain('leftOut');
});

it('leaves out what is gone, and tells of it in the log', async () => {
  await suppress('a', 'unregistered', at(0));
  expect(await liveTargets(db, delivery, [device('a'), device('b')])).toMatchObject({
    targets: [{ message: { token: 'b' }, facts: { leftOut: 1 } }],
  });
});

it('sends nothing when all are suppressed', async () => {
  await suppress('a', 'unregistered', at(0));
  await suppress('b', 'opt_out');
  expect(await liveTargets(db, delivery, [device('a')])).toEqual({ ok: false, suppressed: 'unregistered' });
  expect(await liveTargets(db, delivery, [device('b')])).toEqual({ ok: false, suppressed: 'opt_out' });
});

it.each([
  ['before it was gone', at(-1), false],
  ['at that very moment', at(0), false],
  ['after it', at(1), true],
  ['nobody knows when', undefined, false],
])('of a token that was registered %s: tried %s', async (_when, registeredAt, tried) => {
  await suppress('a', 'unregistered', at(0));
  expect(await liveTargets(db, delivery, [device('a', registeredAt)])).toMatchObject({ ok: tried });
});

it('does not take a new registration for a change of mind', async () => {
  await suppress('a', 'opt_out');
  expect(await liveTargets(db, delivery, [device('a', new Date())])).toMatchObject({ ok: false });
});

it('does not heed what test keys caused', async () => {
  await suppress('a', 'unregistered', at(0));
  expect(await liveTargets(db, { ...delivery, live: false }, [device('a')])).toMatchObject({ ok: true });
});
