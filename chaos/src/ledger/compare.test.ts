import { type Told } from '../load/load';
import { compare } from './compare';
import { type DeliveryEntry } from './read-deliveries';

const told = (n: number, atMostOnce = false, to = [`to-${n}`]): Told => ({
  item: { n, key: `k${n}`, kind: 'push', to, lane: 'default', atMostOnce, scheduled: false },
  notificationId: `n-${n}`,
  deliveryId: `d-${n}`,
  at: 0,
});
const entry = (n: number, over: Partial<DeliveryEntry> = {}): DeliveryEntry => ({
  id: `d-${n}`,
  notificationId: `n-${n}`,
  state: 'sent',
  reason: null,
  accepted: 1,
  ambiguous: 0,
  ...over,
});
const arrival = (n: number) => ({ at: 0, to: `to-${n}` });
const nothing = { lost: [], explained: 0, unexplained: [], givenUp: 0, contradictions: [] };

describe('compare', () => {
  it('finds nothing when each arrived once', () => {
    expect(
      compare([told(1), told(2)], [entry(1), entry(2, { state: 'delivered' })], [arrival(2), arrival(1)]),
    ).toEqual({ accepted: 2, ...nothing });
  });

  it('calls lost what did not arrive, whatever Postgres says, and what Postgres does not know', () => {
    const result = compare(
      [told(1), told(2), told(3)],
      [entry(1), entry(2, { state: 'queued' })],
      [arrival(3)],
    );
    expect(result.lost).toHaveLength(3);
  });

  it('takes an uncertain attempt as an explanation of one more arrival, and of no more', () => {
    const result = compare(
      [told(1), told(2), told(3)],
      [entry(1, { ambiguous: 1 }), entry(2, { ambiguous: 1 }), entry(3)],
      [arrival(1), arrival(1), arrival(2), arrival(2), arrival(2), arrival(3), arrival(3)],
    );
    expect([result.explained, result.unexplained.length]).toEqual([1, 2]);
  });

  it('lets at most once be given up when nobody can know, and never arrive twice', () => {
    const dead = { state: 'dead', reason: 'worker_lost', ambiguous: 1, accepted: 0 } as const;
    const result = compare(
      [told(1, true), told(2, true), told(3, true), told(4)],
      [entry(1, dead), entry(2, dead), entry(3, { ambiguous: 1 }), entry(4, dead)],
      [arrival(2), arrival(3), arrival(3)],
    );
    expect([result.givenUp, result.lost.length, result.unexplained.length, result.contradictions]).toEqual([
      1,
      1,
      1,
      [],
    ]);
  });

  it('takes one device of several for enough, and counts each of them by itself', () => {
    const devices = ['phone', 'tablet'];
    const on = (...to: string[]) => to.map((each) => ({ at: 0, to: each }));
    const both = (entries: DeliveryEntry, arrivals: { at: number; to: string }[]) =>
      compare([told(1, false, devices)], [entries], arrivals);
    expect(both(entry(1), on('tablet'))).toEqual({ accepted: 1, ...nothing });
    expect(both(entry(1), on('tablet', 'phone'))).toEqual({ accepted: 1, ...nothing });
    expect(both(entry(1), []).lost).toHaveLength(1);
    expect(both(entry(1), on('phone', 'tablet', 'phone')).unexplained).toHaveLength(1);
    const uncertain = entry(1, { ambiguous: 1 });
    expect(both(uncertain, on('phone', 'tablet', 'phone', 'tablet'))).toMatchObject({
      explained: 2,
      unexplained: [],
    });
    expect(both(uncertain, on('phone', 'phone', 'phone')).unexplained).toHaveLength(1);
  });

  it('sees what arrived and counts as not sent', () => {
    expect(compare([told(1)], [entry(1, { state: 'dead' })], [arrival(1)]).contradictions).toHaveLength(1);
  });

  it('sees deliveries and messages that nobody asked for', () => {
    expect(compare([], [entry(1)], [arrival(9)]).unexplained).toHaveLength(2);
  });
});
