import { type FeedItemRow } from '@herald/db';
import { UnconfirmedItems } from './unconfirmed-items';

const row = (seq: number, deliveredAt: Date | null = null) =>
  ({ id: `item-${seq}`, seq: String(seq), deliveredAt }) as FeedItemRow;

it('gives each item once that was not known to have arrived', () => {
  const items = new UnconfirmedItems();
  items.add([row(1), row(2, new Date()), row(3)]);
  items.add([row(9)]);
  expect(items.takeUpTo(2)).toEqual(['item-1']);
  expect(items.takeUpTo(8)).toEqual(['item-3']);
  expect([items.takeUpTo(9), items.takeUpTo(9)]).toEqual([['item-9'], []]);
});

it('is bounded for a client that acknowledges nothing', () => {
  const items = new UnconfirmedItems();
  for (let seq = 1; seq <= 2000; seq += 50) items.add(Array.from({ length: 50 }, (_, n) => row(seq + n)));
  expect(items.takeUpTo(2000)).toHaveLength(500);
});
