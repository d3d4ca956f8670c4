import { FairBudget } from './fair-budget';

it('gives two thirds to a tenant that is alone, and some to whoever comes next', () => {
  const budget = new FairBudget(9);
  const takeAll = (tenant: string) => {
    let taken = 0;
    while (budget.tryTake(tenant, 1)) taken += 1;
    return taken;
  };
  expect([takeAll('a'), takeAll('b'), takeAll('c')]).toEqual([6, 2, 1]);
  expect(takeAll('d')).toBe(0);
});

it('has again what was given back', () => {
  const budget = new FairBudget(3);
  expect([budget.tryTake('a', 3), budget.tryTake('b', 1)]).toEqual([true, false]);
  budget.giveBack('a', 3);
  expect([budget.tryTake('b', 4), budget.tryTake('b', 2), budget.tryTake('b', 1)]).toEqual([
    false,
    true,
    false,
  ]);
  budget.giveBack('b', 1);
  expect(budget.tryTake('b', 1)).toBe(true);
});
