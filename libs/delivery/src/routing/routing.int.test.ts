import {
  cancelNotification,
  createProviderConfig,
  failOverUnconfirmed,
  listProviderEvents,
} from '@herald/db';
import { newId, type SendOutcome } from '@herald/domain';
import { Metrics } from '@herald/platform';
import { until } from '@herald/testing';
import { type ProviderSetting } from '../provider-pool';
import { ScriptedProvider } from '../testing/scripted-provider';
import { SETTING, type TestWorkerOptions } from '../testing/test-worker';
import { useTestDelivery } from '../testing/use-test-delivery';

const DOWN: SendOutcome = { outcome: 'retry', reason: 'provider_unavailable', code: 'http_503' };
const UNKNOWN: SendOutcome = { outcome: 'ambiguous', reason: 'timed_out', code: 'timeout' };
const HALT: SendOutcome = { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'http_401' };
const PHONE = '+4915112345678';

const house = useTestDelivery();
const { send, sendOne, becomes, allSent, view } = house;
let first: ScriptedProvider;
let second: ScriptedProvider;
let settings: [ProviderSetting, ProviderSetting];
beforeEach(() => {
  first = new ScriptedProvider('first');
  second = new ScriptedProvider('second');
  settings = [
    { ...SETTING, id: newId(Date.now()), type: 'first', breaker: 'auto' },
    { ...SETTING, id: newId(Date.now()), type: 'second', position: 1, breaker: 'auto' },
  ];
});

const start = (over: Partial<TestWorkerOptions> = {}) =>
  house.start({ live: first, others: [second], settings, ...over });
const attemptsOf = async (id: string) =>
  (await view(id))?.attempts.map(({ provider, outcome }) => [provider, outcome]);

async function storeProviders(): Promise<void> {
  for (const { id, type, position } of settings) {
    const row = {
      id,
      tenantId: house.tenantId,
      channel: 'sms',
      type,
      name: type,
      config: '',
      enabled: true,
      position,
    } as const;
    expect(await createProviderConfig(house.db, row)).toMatchObject({ kind: 'written' });
  }
}
const eventsOf = (providerId: string) =>
  listProviderEvents(house.db, { tenantId: house.tenantId, providerId }, { limit: 10 });

describe('a provider that fails', () => {
  it.each([
    ['is away', DOWN],
    ['refuses our credentials', HALT],
    ['does not tell whether it took the message', UNKNOWN],
  ])('and %s gives way to the next one at once', async (_name, outcome) => {
    first.otherwise(outcome);
    await start();
    const id = await sendOne();
    await becomes(id, 'sent');
    expect(await attemptsOf(id)).toEqual([
      ['first', outcome.outcome],
      ['second', 'accepted'],
    ]);
  });

  it('is tried again after a wait when the next one fails, too; only waits are counted as retries', async () => {
    for (const provider of [first, second]) provider.otherwise(DOWN);
    await start({ maxAttempts: 2 });
    const id = await sendOne();
    await becomes(id, 'dead');
    expect((await attemptsOf(id))?.map(([provider]) => provider)).toEqual([
      'first',
      'second',
      'first',
      'second',
    ]);
    expect(await view(id)).toMatchObject({ reason: 'retries_exhausted' });
  });

  it('does not give way when the message may only be sent once and nobody knows', async () => {
    first.otherwise(UNKNOWN);
    await start();
    const id = await sendOne({ delivery: 'at_most_once' });
    await becomes(id, 'dead');
    expect(await view(id)).toMatchObject({ reason: 'outcome_unknown' });
    expect(second.calls).toEqual([]);
  });

  it('does not give way for what is of the number', async () => {
    first.otherwise({ outcome: 'permanent-address', reason: 'invalid_address', code: 'x' });
    await start();
    await becomes(await sendOne(), 'failed');
    expect(second.calls).toEqual([]);
  });
});

describe('a circuit breaker', () => {
  it('keeps messages from a provider that fails, on every worker, and is an event', async () => {
    await storeProviders();
    first.otherwise(DOWN);
    await start();
    for (let n = 0; n < 6; n += 1) await becomes(await sendOne(), 'sent');
    expect(first.calls).toHaveLength(5);
    await until(async () => (await eventsOf(settings[0].id)).length > 0);
    expect(await eventsOf(settings[0].id)).toMatchObject([{ type: 'breaker_opened', detail: 'http_503' }]);

    const another = new ScriptedProvider('first');
    await start({ live: another });
    // The board is read behind the first message that asks, so the next ones know.
    await until(async () => {
      const before = another.calls.length;
      await becomes(await sendOne(), 'sent');
      return another.calls.length === before && second.calls.length > 6;
    });
  });

  it('without another provider puts messages off without counting them, until one goes through', async () => {
    first.otherwise(DOWN);
    const metrics = new Metrics();
    await start({ settings: [settings[0]], maxAttempts: 100, metrics });
    const ids = await send({ to: Array.from({ length: 5 }, (_, n) => ({ phone: `+49151123450${n + 10}` })) });
    await until(async () =>
      /herald_postponed_total\{[^}]*breaker_open[^}]*\} [1-9]/.test((await metrics.render()).body),
    );
    const waiting = await sendOne({ to: [{ phone: PHONE }] });
    await until(async () => (await view(waiting))?.reason === 'breaker_open');
    expect(await view(waiting)).toMatchObject({ state: 'queued', attempts: [] });
    first.otherwise({ outcome: 'accepted' });
    await allSent([...ids, waiting]);
  }, 60_000);

  it.each([
    ['open', 0],
    ['closed', 8],
  ] as const)('that a person set to %s stays so', async (breaker, calls) => {
    first.otherwise(DOWN);
    await start({ settings: [{ ...settings[0], breaker }, settings[1]] });
    for (let n = 0; n < 8; n += 1) await becomes(await sendOne(), 'sent');
    expect([first.calls.length, second.calls.length]).toEqual([calls, 8]);
  });
});

describe('limits of a provider', () => {
  it('put off what is over them, without a call, and everything goes in the end', async () => {
    const metrics = new Metrics();
    await start({ settings: [{ ...settings[0], limits: { perSecond: 10 } }], metrics });
    const ids = await send({
      to: Array.from({ length: 25 }, (_, n) => ({ phone: `+49151123450${n + 10}` })),
    });
    await until(async () => first.calls.length >= 10);
    expect(first.calls.length).toBeLessThan(25);
    await allSent(ids);
    expect(first.calls).toHaveLength(25);
    expect((await metrics.render()).body).toMatch(/herald_postponed_total\{[^}]*provider_limit[^}]*\} [1-9]/);
  }, 30_000);

  it('of a day put off until the next one', async () => {
    await start({ settings: [{ ...settings[0], limits: { perDay: 2 } }] });
    for (let n = 0; n < 2; n += 1) await becomes(await sendOne(), 'sent');
    const id = await sendOne();
    await until(async () => (await view(id))?.reason !== undefined);
    // The time that SMS have is over before midnight, unless midnight is near.
    expect(['provider_limit', 'time_budget_exhausted']).toContain((await view(id))?.reason);
    expect(first.calls).toHaveLength(2);
  });

  it('can be for each sender, who are told apart without their names in Redis', async () => {
    first.sender = ({ body }) => body;
    await start({ settings: [{ ...settings[0], limits: { perSender: { perDay: 1 } } }] });
    const from = (body: string) => sendOne({ content: { sms: { body } } });
    await becomes(await from('Ada'), 'sent');
    await becomes(await from('Grace'), 'sent');
    const over = await from('Ada');
    await until(async () => (await view(over))?.reason !== undefined);
    expect(first.calls.map(({ body }) => body)).toEqual(['Ada', 'Grace']);
    const keys = await house.client.keys(`${house.redis.prefix}:sending:*`);
    expect(keys.filter((key) => key.includes(settings[0].id))).toEqual([
      expect.not.stringMatching(/Ada|Grace/),
      expect.not.stringMatching(/Ada|Grace/),
    ]);
  });

  it('keep what is over them from the next position, which is for when this one fails', async () => {
    await start({ settings: [{ ...settings[0], limits: { perDay: 1 } }, settings[1]] });
    await becomes(await sendOne(), 'sent');
    const id = await sendOne();
    await until(async () => (await view(id))?.reason !== undefined);
    expect([first.calls.length, second.calls.length]).toEqual([1, 0]);
  });

  it('let what is over them go to another provider of the same position', async () => {
    await start({
      settings: [
        { ...settings[0], limits: { perDay: 1 } },
        { ...settings[1], position: 0, weight: 0 },
      ],
    });
    for (let n = 0; n < 3; n += 1) await becomes(await sendOne(), 'sent');
    expect([first.calls.length, second.calls.length]).toEqual([1, 2]);
  });
});

describe('a receipt that does not come', () => {
  const DUE = { lane: 'default', limit: 10 } as const;
  const wait = { failover: { withoutReceiptSeconds: 1 } };
  const overdue = (id: string) =>
    house.db.rows(
      "UPDATE deliveries SET wake_at = now() - interval '1 second' WHERE id = $1 AND wake_at IS NOT NULL",
      [id],
    );

  it('makes another provider send', async () => {
    await start();
    const id = await sendOne(wait);
    await becomes(id, 'sent');
    expect(await failOverUnconfirmed(house.db, DUE)).toEqual([]);
    await overdue(id);
    const due = await failOverUnconfirmed(house.db, DUE);
    expect(due).toEqual([{ id, tenantId: house.tenantId, channel: 'sms', lane: 'default' }]);
    await house.queues.ring(due);
    await until(async () => second.calls.length === 1);
    await becomes(id, 'sent');
    // There is nobody left to try, and the retry policy does not count it.
    const columns = 'SELECT wake_at, attempts, failovers FROM deliveries WHERE id = $1';
    expect(await house.db.rows(columns, [id])).toEqual([{ wake_at: null, attempts: 2, failovers: 1 }]);
    expect((await view(id))?.timeline).toContainEqual(
      expect.objectContaining({ type: 'queued', reason: 'receipt_missing' }),
    );
  });

  /** Sent by the first, without a receipt, and now the second's turn. */
  async function goesOver(over: object = {}): Promise<string> {
    const id = await sendOne({ ...wait, ...over });
    await becomes(id, 'sent');
    // Its carrier has it: that is no receipt of its arrival.
    await house.db.rows("UPDATE deliveries SET receipt = 'sent', receipt_rank = 1 WHERE id = $1", [id]);
    await overdue(id);
    await house.queues.ring(await failOverUnconfirmed(house.db, DUE));
    return id;
  }

  it('lets the other one be tried again when it fails, and the first one alone', async () => {
    await start();
    second.script(PHONE, DOWN, { outcome: 'accepted' });
    const id = await goesOver();
    await until(async () => second.calls.length === 2, { timeoutMs: 15_000 });
    await becomes(id, 'sent');
    expect(first.calls.length).toBe(1);
  });

  it('does not undo that the first one sent it', async () => {
    await start();
    second.otherwise({ outcome: 'permanent-content', reason: 'content_rejected', code: 'no' });
    const id = await goesOver();
    await until(async () => second.calls.length === 1);
    await becomes(id, 'sent');
    expect(await view(id)).toMatchObject({ state: 'sent', reason: 'receipt_missing' });
    expect(first.calls.length).toBe(1);
  });

  it('matters to nobody after it has expired, or was canceled', async () => {
    await start();
    const [expired, canceled] = [await sendOne(wait), await sendOne(wait)];
    for (const id of [expired, canceled]) await becomes(id, 'sent');
    await house.db.rows('UPDATE deliveries SET expires_at = now() WHERE id = $1', [expired]);
    const [row] = await house.db.rows<{ notification: string }>(
      'SELECT notification_id AS notification FROM deliveries WHERE id = $1',
      [canceled],
    );
    const after = await cancelNotification(
      house.db,
      { tenantId: house.tenantId, live: true },
      row?.notification as string,
    );
    expect(after).toMatchObject([{ state: 'sent', canceledNow: false }]);
    for (const id of [expired, canceled]) await overdue(id);
    expect(await failOverUnconfirmed(house.db, DUE)).toEqual([]);
    for (const id of [expired, canceled])
      expect(await house.db.rows('SELECT state, wake_at FROM deliveries WHERE id = $1', [id])).toEqual([
        { state: 'sent', wake_at: null },
      ]);
  });

  it('is not waited for where there is no other provider, or nobody asked', async () => {
    await start({ settings: [settings[0]] });
    const alone = await sendOne(wait);
    await becomes(alone, 'sent');
    expect(
      await house.db.rows('SELECT 1 FROM deliveries WHERE id = $1 AND wake_at IS NOT NULL', [alone]),
    ).toEqual([]);
  });
});

describe('the share of a provider', () => {
  it('falls while it errs more than the others, and that is an event', async () => {
    await storeProviders();
    const equal = settings.map((setting) => ({ ...setting, position: 0, breaker: 'closed' as const }));
    first.otherwise(DOWN);
    await start({ settings: equal });
    for (let n = 0; n < 120; n += 1) await becomes(await sendOne(), 'sent');
    const direct = second.calls.filter(({ attempt }) => attempt === 1).length;
    // An even share would be 60; of the failing one two in a hundred are left after some calls.
    expect(direct).toBeGreaterThan(90);
    await until(async () => (await eventsOf(settings[0].id)).length > 0);
    expect((await eventsOf(settings[0].id)).map(({ type }) => type)).toContain('weight_lowered');
    expect(await eventsOf(settings[1].id)).toEqual([]);
  }, 60_000);
});

it('a provider that a tenant just made carries what died for want of one', async () => {
  const none: ProviderSetting[] = [];
  await start({ settings: none, worker: { providerCacheMs: 60_000 } });
  const id = await sendOne();
  await becomes(id, 'dead');
  expect(await view(id)).toMatchObject({ reason: 'no_provider' });
  none.push(settings[0]);
  await becomes(await sendOne(), 'sent');
});
