import { type Receipt } from '@herald/delivery';
import fc from 'fast-check';
import { sortReceipts } from './sort-receipts';

const NOW = Date.parse('2030-01-01T00:00:00Z');
const RECEIVED = new Date(NOW);
const ID = '01900000-0000-7000-8000-000000000001';
const OTHER = '01900000-0000-7000-8000-000000000002';
const NOTHING = { states: [], events: [], suppressions: [], consents: [], unusable: 0 };
const state = (over: object = {}): Receipt => ({
  kind: 'state',
  state: 'delivered',
  deliveryId: ID,
  ...over,
});
const opened = (over: object = {}): Receipt => ({
  kind: 'event',
  event: 'opened',
  eventId: 'e1',
  deliveryId: ID,
  ...over,
});
const sort = (...receipts: Receipt[]) => sortReceipts(receipts, undefined, RECEIVED);

it('sorts by what is to be done', () => {
  const at = new Date(NOW - 1000);
  const complained: Receipt = {
    kind: 'event',
    event: 'complained',
    eventId: 'e2',
    suppress: 'complaint',
    at,
  };
  const bounced = state({ state: 'undelivered', reason: 'unreachable', code: 'x_550', suppress: 'bounce' });
  expect(
    sort(
      bounced,
      { ...complained, deliveryId: OTHER },
      { kind: 'consent', address: ' +49151 ', optedOut: true },
    ),
  ).toEqual({
    states: [{ deliveryId: ID, state: 'undelivered', reason: 'unreachable', code: 'x_550' }],
    events: [{ deliveryId: OTHER, event: 'complained', eventId: 'e2', at }],
    suppressions: [
      { deliveryId: ID, reason: 'bounce', at: RECEIVED },
      { deliveryId: OTHER, reason: 'complaint', at },
    ],
    consents: [{ address: '+49151', optedOut: true, at: RECEIVED }],
    unusable: 0,
  });
});

it('does not use a receipt that was posted to the URL of another delivery than the one it names', () => {
  expect(sortReceipts([state({ deliveryId: OTHER }), opened({ deliveryId: OTHER })], ID, RECEIVED)).toEqual({
    ...NOTHING,
    unusable: 2,
  });
  expect(sortReceipts([state({ deliveryId: ID.toUpperCase() })], ID, RECEIVED).states).toHaveLength(1);
});

it('goes by the delivery of the URL, and otherwise by ids alone', () => {
  expect(sortReceipts([state({ deliveryId: undefined })], ID, RECEIVED).states).toHaveLength(1);
  for (const deliveryId of [undefined, '', 'x', `${ID}0`, `${ID}\n`, ID.replace('7', 'g')])
    expect(sort(state({ deliveryId }), opened({ deliveryId }))).toEqual({ ...NOTHING, unusable: 2 });
});

it('leaves out what cannot be stored, and keeps the rest of the receipt', () => {
  for (const providerMessageId of ['a\u0000', 'x'.repeat(256), 'a b', ''])
    expect(sort(state({ providerMessageId, code: 'a\u0000b\ud800' })).states).toEqual([
      { deliveryId: ID, state: 'delivered', code: 'ab', providerMessageId: undefined },
    ]);
  expect(sort(state({ code: 'x'.repeat(1000) })).states[0]?.code).toHaveLength(255);
  for (const at of [new Date(Number.NaN), new Date(NOW + 1), new Date(-1), new Date(8.64e15)])
    expect(sort(opened({ at })).events).toEqual([expect.objectContaining({ eventId: 'e1', at: undefined })]);
});

it('takes consent for as old as it is told, never for newer than it was received', () => {
  const consent = (optedOut: boolean, at?: Date): Receipt => ({
    kind: 'consent',
    address: 'a',
    optedOut,
    at,
  });
  const times = (optedOut: boolean) =>
    sort(
      ...[undefined, new Date(NOW - 5000), new Date(NOW + 5000), new Date(Number.NaN)].map((at) =>
        consent(optedOut, at),
      ),
    ).consents.map(({ at }) => at.getTime() - NOW);
  expect(times(true)).toEqual([0, -5000, 0, 0]);
  // Of two words in one second the opt-out counts.
  expect(times(false)).toEqual([0, -5001, 0, 0]);
  const dropped = state({ state: 'undelivered', suppress: 'opt_out', at: new Date(NOW - 5000) });
  expect(sort(dropped).suppressions).toEqual([
    { deliveryId: ID, reason: 'opt_out', at: new Date(NOW - 5000) },
  ]);
});

it('counts what means nothing', () => {
  const consent = (address: string): Receipt => ({ kind: 'consent', address, optedOut: false });
  expect(sort(opened({ eventId: '' }), consent(' '), consent('a\u0000'), consent('x'.repeat(3000)))).toEqual({
    ...NOTHING,
    unusable: 4,
  });
});

it('gives only texts that Postgres takes, and loses no receipt', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 });
  const ids = fc.oneof(fc.constant(ID), text);
  const of = { deliveryId: ids, code: text, providerMessageId: text };
  const receipt: fc.Arbitrary<Receipt> = fc.oneof(
    fc.record({ kind: fc.constant('state' as const), state: fc.constant('sent' as const), ...of }),
    fc.record({
      kind: fc.constant('event' as const),
      event: fc.constant('opened' as const),
      eventId: text,
      ...of,
    }),
    fc.record({ kind: fc.constant('consent' as const), address: text, optedOut: fc.boolean() }),
  );
  fc.assert(
    fc.property(fc.array(receipt), (receipts) => {
      const { states, events, consents, unusable } = sort(...receipts);
      expect(states.length + events.length + consents.length + unusable).toBe(receipts.length);
      const stored = [
        ...states.flatMap((s) => [s.code, s.providerMessageId]),
        ...events.map((e) => e.code),
        ...consents.map((c) => c.address),
      ];
      expect(stored.join('')).not.toContain('\u0000');
    }),
  );
});
