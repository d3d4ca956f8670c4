import { SocketLimits } from './socket-limits';

it('counts by recipient and by tenant, and forgets who has left', () => {
  const limits = new SocketLimits({ maxPerRecipient: 2, maxPerTenant: 3 });
  expect([limits.enter('t', 'a'), limits.enter('t', 'a'), limits.enter('t', 'a')]).toEqual([
    'ok',
    'ok',
    'recipient',
  ]);
  expect([limits.enter('t', 'b'), limits.enter('t', 'c'), limits.enter('u', 'd')]).toEqual([
    'ok',
    'tenant',
    'ok',
  ]);
  limits.leave('t', 'a');
  expect(limits.enter('t', 'c')).toBe('ok');
  for (const key of ['a', 'b', 'c']) limits.leave('t', key);
  expect(limits.tenants()).toEqual(['u']);
});
