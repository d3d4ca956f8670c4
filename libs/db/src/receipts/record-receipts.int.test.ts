import { RECEIPT_RANK, type ReceiptState } from '@herald/contracts';
import { newId } from '@herald/domain';
import { useTestDatabase } from '@herald/testing';
import fc from 'fast-check';
import { type Database } from '../connection/database';
import { cancelNotification } from '../controlling/cancel-notification';
import { claimDeliveries } from '../deliveries/claim-deliveries';
import { getDelivery } from '../reading/get-delivery';
import { type Owner } from '../reading/owner';
import {
  acceptOne,
  claimOne,
  connectForTest,
  newOwner,
  recordOne,
  sendOne,
} from '../reading/testing/notifications';
import { recordReceipts } from './record-receipts';
import { applyReceipt } from './testing/apply-receipt';

const database = useTestDatabase();
let db: Database;
let owner: Owner;
beforeAll(async () => {
  db = await connectForTest(database.url);
});
beforeEach(() => {
  owner = newOwner();
});
afterAll(() => db.close());

async function acceptedDelivery(): Promise<string> {
  return (await acceptOne(db, owner)).deliveryIds[0] as string;
}

function receive(
  deliveryId: string,
  state: ReceiptState,
  over: Partial<Parameters<typeof applyReceipt>[1]> = {},
) {
  return applyReceipt(db, { deliveryId, tenantId: owner.tenantId, channel: 'sms', state, ...over });
}

const view = (id: string) => getDelivery(db, owner, id);
const typesOf = async (id: string) => (await view(id))?.timeline.map((entry) => entry.type);

describe('one receipt', () => {
  it('puts what the receipt says on the delivery and its timeline', async () => {
    const id = await acceptedDelivery();
    await sendOne(db, id, { state: 'sent', called: { providerMessageId: 'SM1' } });
    expect(await receive(id, 'undelivered', { reason: 'unreachable', code: 'twilio_30003' })).toBe('applied');
    const delivery = await view(id);
    expect(delivery).toMatchObject({ state: 'undelivered', reason: 'unreachable', providerMessageId: 'SM1' });
    expect(delivery).not.toHaveProperty('deliveredAt');
    expect(delivery?.timeline.at(-1)).toMatchObject({
      type: 'undelivered',
      reason: 'unreachable',
      detail: 'twilio_30003',
    });
  });

  it('lets a receipt that overtook the recording win, whatever the attempt seemed to be', async () => {
    for (const outcome of [
      { state: 'sent' },
      {
        state: 'queued',
        reason: 'retry_scheduled',
        delayMs: 0,
        called: { outcome: 'ambiguous', reason: 'timed_out' },
      },
      { state: 'dead', reason: 'outcome_unknown', called: { outcome: 'ambiguous', reason: 'timed_out' } },
    ] as const) {
      const claimed = await claimOne(db, await acceptedDelivery());
      expect(await receive(claimed.id, 'delivered', { providerMessageId: 'SM1' })).toBe('applied');
      expect(await view(claimed.id)).toMatchObject({ state: 'sending' });
      await recordOne(db, claimed, outcome);
      expect(await view(claimed.id)).toMatchObject({
        state: 'delivered',
        sentAt: expect.any(String),
        deliveredAt: expect.any(String),
        providerMessageId: 'SM1',
      });
      expect(await claimDeliveries(db, [claimed.id], 60_000)).toEqual([]);
    }
  });

  it('ends the wait for another attempt when the first one did arrive', async () => {
    const id = await acceptedDelivery();
    await sendOne(db, id, {
      state: 'queued',
      reason: 'retry_scheduled',
      delayMs: 0,
      called: { outcome: 'ambiguous', reason: 'timed_out' },
    });
    expect(await receive(id, 'sent')).toBe('applied');
    expect(await view(id)).toMatchObject({ state: 'sent', sentAt: expect.any(String) });
    expect(await claimDeliveries(db, [id], 60_000)).toEqual([]);
  });

  it('takes a dead letter away when it was sent after all', async () => {
    const id = await acceptedDelivery();
    await sendOne(db, id, { state: 'dead', reason: 'outcome_unknown', called: { outcome: 'ambiguous' } });
    expect(await receive(id, 'sent')).toBe('applied');
    expect(await view(id)).toMatchObject({ state: 'sent' });
    expect(await db.rows('SELECT 1 FROM dead_letters WHERE delivery_id = $1', [id])).toEqual([]);
  });

  it('notes what arrived although it had been given up, and leaves its end as it was', async () => {
    const { id: notification, deliveryIds } = await acceptOne(db, owner);
    const claimed = await claimOne(db, deliveryIds[0] as string);
    await cancelNotification(db, owner, notification);
    await recordOne(db, claimed, {
      state: 'queued',
      reason: 'retry_scheduled',
      delayMs: 0,
      called: { outcome: 'ambiguous' },
    });
    const before = await view(claimed.id);
    expect(before).toMatchObject({ state: 'canceled' });
    expect(await receive(claimed.id, 'delivered')).toBe('applied');
    expect(await view(claimed.id)).toMatchObject({ state: 'canceled', updatedAt: before?.updatedAt });
    expect((await typesOf(claimed.id))?.at(-1)).toBe('delivered');
  });

  it('ignores what is late or doubled, and what was never tried', async () => {
    const id = await acceptedDelivery();
    expect(await receive(id, 'delivered')).toBe('ignored');
    await sendOne(db, id);
    expect(await receive(id, 'delivered')).toBe('applied');
    const before = await view(id);
    for (const state of ['sent', 'undelivered', 'delivered'] as const) {
      expect(await receive(id, state)).toBe('ignored');
    }
    expect(await view(id)).toEqual(before);
  });

  it('does not know deliveries of another tenant or channel', async () => {
    const id = await acceptedDelivery();
    await sendOne(db, id);
    expect(await receive(id, 'delivered', { tenantId: newOwner().tenantId })).toBe('unknown');
    expect(await receive(id, 'delivered', { channel: 'email' })).toBe('unknown');
    expect(await receive(newId(Date.now()), 'delivered')).toBe('unknown');
    expect(await view(id)).toMatchObject({ state: 'sent' });
  });

  it('ends in the same state in whatever order and number receipts come, before or after the recording', async () => {
    const receipts = fc.array(fc.constantFrom<ReceiptState>('sent', 'undelivered', 'delivered'), {
      minLength: 1,
      maxLength: 6,
    });
    const recordAfter = fc.nat({ max: 6 });
    const ends = fc.constantFrom(
      { state: 'sent' as const },
      {
        state: 'dead' as const,
        reason: 'outcome_unknown' as const,
        called: { outcome: 'ambiguous' as const },
      },
    );
    await fc.assert(
      fc.asyncProperty(receipts, recordAfter, ends, async (states, position, end) => {
        const claimed = await claimOne(db, await acceptedDelivery());
        const steps = states.map((state) => () => receive(claimed.id, state));
        steps.splice(position, 0, () => recordOne(db, claimed, end) as never);
        for (const step of steps) await step();
        const highest = Math.max(...states.map((state) => RECEIPT_RANK[state]));
        const expected = states.find((state) => RECEIPT_RANK[state] === highest);
        const delivery = await view(claimed.id);
        expect(delivery?.state).toBe(expected);
        const told = delivery?.timeline.filter((entry) => entry.type === 'delivered') ?? [];
        expect(told).toHaveLength(highest === RECEIPT_RANK.delivered ? 1 : 0);
        expect(delivery?.deliveredAt === undefined).toBe(expected !== 'delivered');
      }),
      { numRuns: 60 },
    );
  }, 30_000);

  it('applies each rank once when all come at the same moment', async () => {
    for (let round = 0; round < 15; round += 1) {
      const claimed = await claimOne(db, await acceptedDelivery());
      const states = ['delivered', 'sent', 'undelivered', 'sent', 'delivered', 'undelivered'] as const;
      const [results] = await Promise.all([
        Promise.all(states.map((state) => receive(claimed.id, state))),
        recordOne(db, claimed),
      ]);
      expect(results.filter((result) => result === 'applied').length).toBeLessThanOrEqual(3);
      expect(await view(claimed.id)).toMatchObject({ state: 'delivered' });
      expect((await typesOf(claimed.id))?.filter((type) => type === 'delivered')).toHaveLength(1);
    }
  });
});

describe('many receipts', () => {
  const source = () => ({ tenantId: owner.tenantId, channel: 'sms' }) as const;

  async function sentDeliveries(count: number): Promise<string[]> {
    const to = Array.from({ length: count }, (_, n) => ({ phone: `+4915112345${100 + n}` }));
    const { deliveryIds } = await acceptOne(db, owner, { to });
    const claimed = await claimDeliveries(db, deliveryIds, 60_000);
    for (const each of claimed) await recordOne(db, each);
    return deliveryIds;
  }

  it('come to the same together and one by one, whatever they say of whom', async () => {
    const said = fc.array(
      fc.record({
        which: fc.nat({ max: 3 }),
        state: fc.constantFrom<ReceiptState>('sent', 'undelivered', 'delivered'),
        code: fc.constantFrom('a', 'b'),
      }),
      { minLength: 1, maxLength: 20 },
    );
    const endOf = async (ids: readonly string[]) => {
      const deliveries = await Promise.all(ids.map(view));
      return deliveries.map((delivery) => ({
        state: delivery?.state,
        told: delivery?.timeline.map(({ type, detail }) => [type, detail]),
      }));
    };
    await fc.assert(
      fc.asyncProperty(said, async (receipts) => {
        const [together, apart] = [await sentDeliveries(3), await sentDeliveries(3)];
        const unknown = newId(Date.now());
        const of = (ids: readonly string[]) =>
          receipts.map(({ which, state, code }) => ({ deliveryId: ids[which] ?? unknown, state, code }));
        const results = await recordReceipts(db, source(), of(together));
        const oneByOne = [];
        for (const receipt of of(apart)) oneByOne.push(...(await recordReceipts(db, source(), [receipt])));
        expect(results).toEqual(oneByOne);
        expect(await endOf(together)).toEqual(await endOf(apart));
      }),
      { numRuns: 30 },
    );
  }, 30_000);

  it('are applied, more than one statement takes, and each of several of one delivery', async () => {
    const ids = await sentDeliveries(600);
    const receipts = ids.flatMap((deliveryId) =>
      (['undelivered', 'delivered'] as const).map((state) => ({
        deliveryId: deliveryId.toUpperCase(),
        state,
      })),
    );
    expect(new Set(await recordReceipts(db, source(), receipts))).toEqual(new Set(['applied']));
    const rows = await db.rows(
      'SELECT state, count(*)::integer FROM deliveries WHERE id = ANY($1) GROUP BY 1',
      [ids],
    );
    expect(rows).toEqual([{ state: 'delivered', count: 600 }]);
    const events = await db.rows(
      'SELECT type, count(*)::integer FROM events WHERE delivery_id = ANY($1) GROUP BY 1 ORDER BY 1',
      [ids],
    );
    expect(events).toEqual([
      { type: 'delivered', count: 600 },
      { type: 'undelivered', count: 600 },
    ]);
  });
});
