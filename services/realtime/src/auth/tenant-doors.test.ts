import { TenantDoors } from './tenant-doors';

const AWAY = Object.assign(new Error('away'), { code: 'ECONNREFUSED' });

function doors() {
  const state = { now: 0, asked: 0, disabled: false, known: true, error: undefined as Error | undefined };
  const find = async () => {
    state.asked += 1;
    if (state.error) throw state.error;
    return state.known ? { disabledAt: state.disabled ? new Date() : null } : undefined;
  };
  return { state, tenants: new TenantDoors({ find, now: () => state.now }) };
}

it('asks once in some seconds', async () => {
  const { state, tenants } = doors();
  expect(await Promise.all([tenants.isOpen('t'), tenants.isOpen('t')])).toEqual([true, true]);
  state.disabled = true;
  expect([await tenants.isOpen('t'), state.asked]).toEqual([true, 1]);
  state.now = 5000;
  expect([await tenants.isOpen('t'), state.asked]).toEqual([false, 2]);
});

it('is closed for a tenant that does not exist', async () => {
  const { state, tenants } = doors();
  state.known = false;
  expect(await tenants.isOpen('t')).toBe(false);
});

it('believes what it knew while the database is away, and asks again', async () => {
  const { state, tenants } = doors();
  await tenants.isOpen('t');
  state.now = 10_000;
  state.error = AWAY;
  expect([await tenants.isOpen('t'), await tenants.isOpen('t'), state.asked]).toEqual([true, true, 3]);
  await expect(tenants.isOpen('unknown')).rejects.toThrow('away');
  state.error = undefined;
  state.disabled = true;
  expect(await tenants.isOpen('t')).toBe(false);
});
