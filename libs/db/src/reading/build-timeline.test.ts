import fc from 'fast-check';
import { buildTimeline } from './build-timeline';
import { type AttemptRow, type DeliveryRow, type EventRow } from './delivery-rows';

const T0 = Date.parse('2030-01-01T10:00:00.000Z');
const at = (ms: number) => new Date(T0 + ms);

const delivery = (over: Partial<DeliveryRow> = {}): DeliveryRow => ({
  id: 'd',
  notificationId: 'n',
  recipient: 0,
  channel: 'sms',
  address: '+4915112345678',
  lane: 'default',
  state: 'queued',
  reason: null,
  code: null,
  provider: null,
  providerMessageId: null,
  createdAt: at(0),
  updatedAt: at(0),
  dueAt: at(0),
  sentAt: null,
  deliveredAt: null,
  sendAt: null,
  ...over,
});

const attempt = (number: number, ms: number, over: Partial<AttemptRow> = {}): AttemptRow => ({
  deliveryId: 'd',
  number,
  provider: 'twilio',
  startedAt: at(ms),
  durationMs: 20,
  outcome: 'retry',
  reason: 'provider_unavailable',
  code: 'http_503',
  detail: null,
  providerMessageId: null,
  facts: null,
  ...over,
});

const accepted = { outcome: 'accepted', reason: null, code: null } as const;

const event = (type: string, ms: number, over: Partial<EventRow> = {}): EventRow => ({
  deliveryId: 'd',
  type,
  reason: null,
  detail: null,
  at: at(ms),
  ...over,
});

describe('buildTimeline', () => {
  it('tells a delivery that was put off, retried, sent and delivered', () => {
    const sendAt = at(5000);
    const row = delivery({ state: 'delivered', updatedAt: at(9000), sendAt });
    const timeline = buildTimeline(
      row,
      [attempt(1, 5000), attempt(2, 7000, accepted)],
      [event('delivered', 9000, { detail: 'twilio_delivered' })],
    );
    expect(timeline).toEqual([
      { at: at(0).toISOString(), type: 'accepted' },
      {
        at: at(0).toISOString(),
        type: 'scheduled',
        reason: 'scheduled_by_request',
        detail: sendAt.toISOString(),
      },
      {
        at: at(5000).toISOString(),
        type: 'attempt',
        attempt: 1,
        reason: 'provider_unavailable',
        detail: 'http_503',
      },
      { at: at(7000).toISOString(), type: 'attempt', attempt: 2 },
      { at: at(7020).toISOString(), type: 'sent', attempt: 2 },
      { at: at(9000).toISOString(), type: 'delivered', detail: 'twilio_delivered' },
    ]);
  });

  it('leaves out what is not there', () => {
    expect(Object.keys(buildTimeline(delivery(), [], [])[0] as object)).toEqual(['at', 'type']);
  });

  it('begins with the acceptance, also when a worker has a slow clock', () => {
    const timeline = buildTimeline(delivery({ state: 'sent' }), [attempt(1, -2000, accepted)], []);
    expect(timeline.map((entry) => entry.type)).toEqual(['accepted', 'attempt', 'sent']);
  });

  it.each([
    ['failed', 'invalid_address'],
    ['dead', 'retries_exhausted'],
    ['expired', 'expired'],
    ['canceled', 'canceled_by_request'],
  ] as const)('ends with %s and its reason', (state, reason) => {
    const row = delivery({ state, reason, code: 'twilio_21211', updatedAt: at(800) });
    expect(buildTimeline(row, [attempt(1, 700)], []).at(-1)).toEqual({
      at: at(800).toISOString(),
      type: state,
      reason,
      detail: 'twilio_21211',
    });
  });

  it('tells why something was not tried at all', () => {
    const row = delivery({ state: 'skipped', reason: 'no_contact_point', address: null, sendAt: at(60_000) });
    expect(buildTimeline(row, [], []).map(({ type, reason }) => [type, reason])).toEqual([
      ['accepted', undefined],
      ['skipped', 'no_contact_point'],
    ]);
  });

  it('does not tell an end twice', () => {
    const canceled = delivery({ state: 'canceled', reason: 'canceled_by_request', updatedAt: at(500) });
    const timeline = buildTimeline(canceled, [], [event('canceled', 500, { reason: 'canceled_by_request' })]);
    expect(timeline.map((entry) => entry.type)).toEqual(['accepted', 'canceled']);

    const discarded = delivery({ state: 'failed', reason: 'discarded', updatedAt: at(500) });
    const other = buildTimeline(discarded, [], [event('discarded', 500, { reason: 'discarded' })]);
    expect(other.map((entry) => entry.type)).toEqual(['accepted', 'discarded']);
  });

  it('tells what the provider told beside the state, before and after the end', () => {
    const row = delivery({ state: 'dead', reason: 'retries_exhausted', updatedAt: at(400) });
    const told = [event('deferred', 300, { detail: 'x_4' }), event('opened', 900), event('complained', 950)];
    expect(buildTimeline(row, [attempt(1, 200)], told).map(({ type, detail }) => [type, detail])).toEqual([
      ['accepted', undefined],
      ['attempt', 'http_503'],
      ['deferred', 'x_4'],
      ['dead', undefined],
      ['opened', undefined],
      ['complained', undefined],
    ]);
  });

  it('tells a second end after a replay', () => {
    const row = delivery({ state: 'dead', reason: 'retries_exhausted', updatedAt: at(900) });
    const events = [event('dead', 300), event('replayed', 400)];
    const timeline = buildTimeline(row, [attempt(1, 200), attempt(2, 800)], events);
    expect(timeline.map((entry) => entry.type)).toEqual([
      'accepted',
      'attempt',
      'dead',
      'replayed',
      'attempt',
      'dead',
    ]);
  });

  it('is sent once by an attempt, with the first of its targets that was accepted', () => {
    const calls = [
      attempt(1, 100, { ...accepted, durationMs: 60 }),
      attempt(1, 101, { ...accepted, durationMs: 20 }),
      attempt(1, 102),
    ];
    const timeline = buildTimeline(delivery({ state: 'sent', channel: 'push' }), calls, []);
    expect(timeline.map(({ type }) => type)).toEqual(['accepted', 'attempt', 'attempt', 'attempt', 'sent']);
    expect(timeline.at(-1)?.at).toBe(at(121).toISOString());
  });

  it('is sent once when a receipt overtakes the answer, and by the receipt when there is no answer', () => {
    const receipts = [event('sent', 110), event('delivered', 130)];
    const types = (calls: AttemptRow[]) =>
      buildTimeline(delivery({ state: 'delivered' }), calls, receipts).map(({ type }) => type);
    expect(types([attempt(1, 100, accepted)])).toEqual(['accepted', 'attempt', 'sent', 'delivered']);
    expect(types([attempt(1, 100)])).toEqual(['accepted', 'attempt', 'sent', 'delivered']);
    const replayed = types([attempt(1, 10, accepted), attempt(2, 100)]);
    expect(replayed).toEqual(['accepted', 'attempt', 'sent', 'attempt', 'sent', 'delivered']);
  });

  it('is in order and complete whatever happened', () => {
    const times = fc.integer({ min: 0, max: 1000 });
    const attempts = fc.array(fc.tuple(times, fc.boolean()), { maxLength: 8 });
    const events = fc.array(fc.tuple(times, fc.constantFrom('sent', 'delivered', 'replayed', 'canceled')), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(attempts, events, (calls, happened) => {
        const rows = calls.map(([ms, ok], i) => attempt(i + 1, ms, ok ? accepted : {}));
        const notes = happened.map(([ms, type]) => event(type, ms));
        const timeline = buildTimeline(delivery(), rows, notes);
        const sent = calls.filter(([, ok]) => ok).length;
        const others = happened.filter(([, type]) => type !== 'sent').length;
        expect(timeline.filter(({ type }) => type !== 'sent')).toHaveLength(1 + calls.length + others);
        expect(timeline.filter((e) => e.type === 'sent' && e.attempt !== undefined)).toHaveLength(sent);
        expect(timeline.map((e) => e.at)).toEqual(timeline.map((e) => e.at).sort());
      }),
    );
  });
});
