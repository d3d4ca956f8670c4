import { EventEmitter } from 'node:events';
import { type ServerResponse } from 'node:http';
import { BodyBudget } from './body-budget';

const answer = () =>
  Object.assign(new EventEmitter(), { closed: false }) as unknown as ServerResponse & EventEmitter;

describe('BodyBudget', () => {
  it('counts what has come, and gives it back when the answer is done', () => {
    const budget = new BodyBudget(1000, 1000);
    const res = answer();
    const hold = budget.open('a', res);
    hold(600);
    hold(400);
    expect(() => hold(1)).toThrow('Too much work');
    expect(() => budget.open('b', answer())(1)).toThrow('Too much work');
    res.emit('close');
    budget.open('b', answer())(1000);
  });

  it('leaves room for others, however many requests a tenant has under way', () => {
    const budget = new BodyBudget(1000, 100);
    for (let n = 0; n < 5; n += 1) budget.open('a', answer())(50);
    expect(() => budget.open('a', answer())(1)).toThrow('Too much work');
    budget.open('b', answer())(250);
    for (const tenant of ['c', 'd']) budget.open(tenant, answer())(250);
    expect(() => budget.open('e', answer())(1)).toThrow('Too much work');
  });

  it('always has room for the largest body of one tenant', () => {
    const hold = new BodyBudget(1000, 600).open('a', answer());
    hold(600);
    expect(() => hold(1)).toThrow('Too much work');
  });
});
