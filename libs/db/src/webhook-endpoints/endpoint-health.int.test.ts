import { endpointVerdict } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import { type Database } from '../connection/database';
import { type ClaimedDelivery } from '../deliveries/claim-deliveries';
import { type OutcomeRecord, recordOutcomes } from '../deliveries/record-outcomes';
import { type WebhookEndpoint } from '../entities';
import { type Owner } from '../reading/owner';
import {
  acceptOne,
  claimOne,
  connectForTest,
  sendOne,
  type TestOutcome,
} from '../reading/testing/notifications';
import { newTenant } from '../tenants/testing/new-tenant';
import { addTestEvent } from '../webhook-events/add-test-event';
import { feedEvents } from '../webhook-events/feed-events';
import { newEndpoint, outboxOf } from '../webhook-events/testing/endpoints';
import { disableEndpoint, findTroubledEndpoints } from './disable-endpoint';
import { findWebhookEndpoint, updateWebhookEndpoint } from './webhook-endpoint-store';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
let endpoint: WebhookEndpoint;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(async () => {
  await db.rows('DELETE FROM webhook_events');
  owner = { tenantId: await newTenant(db), live: true };
  endpoint = await newEndpoint(db, owner);
});
afterAll(() => db.close());

const FAILURE: TestOutcome = {
  state: 'queued',
  reason: 'retry_scheduled',
  delayMs: 0,
  called: { outcome: 'retry' },
};
/** An event to the endpoint, and how that went. */
async function answer(outcome?: TestOutcome): Promise<void> {
  await addTestEvent(db, { tenantId: owner.tenantId, endpointId: endpoint.id });
  const id = (await feedEvents(db, 1))[0]!.delivery!.id;
  await sendOne(db, id, outcome);
}
/** Records what `recordOne` does not: no call, or a suppression. */
const record = (
  { id, tenantId, claim, attempt }: ClaimedDelivery,
  outcome: Omit<OutcomeRecord, 'id' | 'tenantId' | 'claim' | 'attempt'>,
) => recordOutcomes(db, [{ id, tenantId, claim, attempt, toEndpoint: true, ...outcome }]);
const now = async () => (await findWebhookEndpoint(db, owner, endpoint.id))!;
const daysAgo = (days: number) =>
  db.rows(
    `UPDATE webhook_endpoints SET failing_since = failing_since - $2 * interval '1 day',
       failed_at = failed_at - $2 * interval '1 day' WHERE id = $1`,
    [endpoint.id, days],
  );
const troubled = async () =>
  (await findTroubledEndpoints(db)).filter(({ tenantId }) => tenantId === owner.tenantId);

describe('how an endpoint answers', () => {
  it('is noted when it begins to fail, and forgotten with the first success', async () => {
    await answer();
    expect(await now()).toMatchObject({ failingSince: null, failedAt: null });
    await answer(FAILURE);
    const first = await now();
    expect(first.failingSince).toEqual(first.failedAt);
    expect(Date.now() - first.failingSince!.getTime()).toBeLessThan(60_000);
    await answer(FAILURE);
    expect(await now()).toEqual(first);
    await answer();
    expect(await now()).toMatchObject({ failingSince: null, failedAt: null });
  });

  it('is followed while it fails, from the first failure to the last', async () => {
    await answer(FAILURE);
    await daysAgo(2);
    const { failingSince } = await now();
    await answer(FAILURE);
    const after = await now();
    expect(after.failingSince).toEqual(failingSince);
    expect(after.failedAt!.getTime() - failingSince!.getTime()).toBeGreaterThan(1.9 * 86_400_000);
  });

  it('is not told by what was not called, and not by ordinary webhooks to the same URL', async () => {
    await addTestEvent(db, { tenantId: owner.tenantId, endpointId: endpoint.id });
    const claimed = await claimOne(db, (await feedEvents(db, 1))[0]!.delivery!.id);
    await record(claimed, { state: 'queued', reason: 'breaker_open', delayMs: 0 });
    const { deliveryIds } = await acceptOne(db, owner, {
      to: [{ webhookUrl: endpoint.url }],
      content: { webhook: { payload: {} } },
    });
    await sendOne(db, deliveryIds[0]!, FAILURE);
    expect(await now()).toMatchObject({ failingSince: null });
  });

  it('does not make a recorder wait for who holds the endpoint', async () => {
    const runner = db.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT 1 FROM webhook_endpoints WHERE id = $1 FOR UPDATE', [endpoint.id]);
    await addTestEvent(db, { tenantId: owner.tenantId, endpointId: endpoint.id });
    const id = (await feedEvents(db, 1))[0]!.delivery!.id;
    expect(await sendOne(db, id, FAILURE)).toMatchObject({ state: 'queued' });
    await runner.rollbackTransaction();
    await runner.release();
    expect(await now()).toMatchObject({ failingSince: null });
  });
});

describe('disableEndpoint', () => {
  it("disables after five days of failures and tells the tenant's other endpoints of the mode", async () => {
    const [other, deaf, test] = [
      await newEndpoint(db, owner),
      await newEndpoint(db, owner, { events: ['delivery.sent'] }),
      await newEndpoint(db, { ...owner, live: false }),
    ];
    await answer(FAILURE);
    await daysAgo(5);
    expect((await troubled()).map(endpointVerdict)).toEqual([undefined]);
    await answer(FAILURE);
    const [found] = await troubled();
    expect(endpointVerdict(found!)).toBe('failing');
    const results = await Promise.all([1, 2, 3].map(() => disableEndpoint(db, found!, 'failing')));
    expect(results.filter(Boolean)).toHaveLength(1);
    expect(await now()).toMatchObject({
      enabled: false,
      disabledReason: 'failing',
      failingSince: expect.any(Date),
    });
    const told = await outboxOf(db, owner.tenantId);
    expect(told).toMatchObject([
      {
        type: 'endpoint.disabled',
        endpointId: other.id,
        data: {
          endpointId: endpoint.id,
          reason: 'failing',
          failingSince: found!.failingSince!.toISOString(),
        },
      },
    ]);
    expect([deaf.id, test.id]).not.toContain(told[0]!.endpointId);
    expect(await troubled()).toEqual([]);
  });

  it('leaves one that has answered since it was looked at', async () => {
    await answer(FAILURE);
    const [found] = await troubled();
    await answer();
    expect(await disableEndpoint(db, found!, 'failing')).toBe(false);
    expect(await now()).toMatchObject({ enabled: true });
  });

  it('disables one that answered 410, until its owner enables it again', async () => {
    await addTestEvent(db, { tenantId: owner.tenantId, endpointId: endpoint.id });
    const id = (await feedEvents(db, 1))[0]!.delivery!.id;
    const claimed = await claimOne(db, id);
    const called = {
      provider: 'w',
      startedAt: new Date(),
      durationMs: 1,
      outcome: 'permanent-address',
    } as const;
    await record(claimed, { state: 'failed', reason: 'endpoint_gone', suppress: 'endpoint_gone', called });
    const [found] = await troubled();
    expect(endpointVerdict(found!)).toBe('gone');
    expect(await disableEndpoint(db, found!, 'gone')).toBe(true);
    const enabled = await updateWebhookEndpoint(db, owner, endpoint.id, { enabled: true });
    expect(enabled).toMatchObject({ enabled: true, disabledReason: null, failingSince: null });
    expect(await troubled()).toEqual([]);
    expect(await db.rows('SELECT 1 FROM suppressions WHERE tenant_id = $1', [owner.tenantId])).toEqual([]);
  });
});
