import { type RouteContract, type Scope } from '@herald/contracts';

/** Who calls: a tenant by one of its API keys, or the operator by HERALD_ADMIN_KEY. */
export type Principal = TenantPrincipal | OperatorPrincipal;

export interface TenantPrincipal {
  kind: 'tenant';
  keyId: string;
  tenantId: string;
  live: boolean;
  scopes: ReadonlySet<Scope>;
  rateLimit: { burst: number; perSecond: number };
}

export interface OperatorPrincipal {
  kind: 'operator';
}

/** A recipient by its token: the owner of one feed. */
export interface RecipientPrincipal {
  kind: 'recipient';
  tenantId: string;
  recipient: string;
}

export type Caller = Principal | RecipientPrincipal;

/** Why a caller is not let in; `challenge` is the WWW-Authenticate header that goes with it (RFC 6750). */
export interface AuthFailure {
  kind: 'failure';
  type: 'unauthorized' | 'forbidden';
  detail: string;
  challenge: string;
}

/** A failure for a caller who is not known. */
export function unauthorized(detail: string, error?: 'invalid_request' | 'invalid_token'): AuthFailure {
  const challenge = `Bearer realm="herald"${error ? `, error="${error}"` : ''}`;
  return { kind: 'failure', type: 'unauthorized', detail, challenge };
}

/**
 * Whether a caller may use a route; undefined when so. Scopes do not imply each other. Where a tenant's `admin` key may
 * administer its tenant the operator may too; which tenant that is, is for the handler to find out.
 */
export function checkAccess(principal: Caller, access: RouteContract['access']): AuthFailure | undefined {
  if (access === 'public') return undefined;
  if (access === 'recipient') {
    return principal.kind === 'recipient' ? undefined : forbidden("This needs a recipient's token.");
  }
  if (principal.kind === 'recipient') return forbidden('This needs an API key.');
  if (access === 'operator') {
    return principal.kind === 'operator'
      ? undefined
      : forbidden('This is for the operator of this Herald alone.');
  }
  if (principal.kind === 'operator') {
    if (access === 'admin') return undefined;
    return forbidden(`This needs the API key of a tenant with the scope ${access}.`, access);
  }
  return principal.scopes.has(access)
    ? undefined
    : forbidden(`The API key lacks the scope ${access}.`, access);
}

function forbidden(detail: string, scope?: Scope): AuthFailure {
  const challenge = `Bearer realm="herald", error="insufficient_scope"${scope ? `, scope="${scope}"` : ''}`;
  return { kind: 'failure', type: 'forbidden', detail, challenge };
}
