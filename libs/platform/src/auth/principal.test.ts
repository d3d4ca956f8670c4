import { type AuthFailure, checkAccess, type Principal } from './principal';

describe('checkAccess', () => {
  const tenant = (...scopes: string[]) =>
    ({ kind: 'tenant', scopes: new Set(scopes) }) as unknown as Principal;
  const operator: Principal = { kind: 'operator' };
  const detail = (failure: AuthFailure | undefined) => failure && [failure.type, failure.detail];

  it('lets through who has the scope, and names the missing one', () => {
    expect(checkAccess(tenant('notifications:read'), 'notifications:read')).toBeUndefined();
    const failure = checkAccess(tenant('notifications:read', 'admin'), 'notifications:write');
    expect(detail(failure)).toEqual(['forbidden', 'The API key lacks the scope notifications:write.']);
    expect(failure?.challenge).toBe(
      'Bearer realm="herald", error="insufficient_scope", scope="notifications:write"',
    );
  });

  it('keeps operator and tenants apart', () => {
    expect(checkAccess(operator, 'operator')).toBeUndefined();
    expect(checkAccess(tenant('admin'), 'operator')?.type).toBe('forbidden');
    expect(checkAccess(operator, 'admin')).toBeUndefined();
    expect(checkAccess(operator, 'notifications:read')?.type).toBe('forbidden');
    expect(checkAccess(tenant(), 'public')).toBeUndefined();
  });
});
