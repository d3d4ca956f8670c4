import { type AuthFailure, type Caller, checkAccess, type Principal } from './principal';

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

  it('lets recipients to their feed and nowhere else, and nobody else there', () => {
    const recipient: Caller = { kind: 'recipient', tenantId: 't', recipient: 'user_42' };
    expect(checkAccess(recipient, 'recipient')).toBeUndefined();
    expect(checkAccess(recipient, 'public')).toBeUndefined();
    for (const access of ['admin', 'notifications:read', 'operator'] as const)
      expect(checkAccess(recipient, access)?.type).toBe('forbidden');
    for (const caller of [operator, tenant('admin')])
      expect(checkAccess(caller, 'recipient')?.type).toBe('forbidden');
  });
});
