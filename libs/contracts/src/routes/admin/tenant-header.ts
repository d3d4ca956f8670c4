/** How an operator says which tenant a request is for. */
export const TENANT_HEADER = {
  name: 'Herald-Tenant',
  description:
    'For the operator: the id of the tenant to act on. May be left out while there is only one. A tenant acts on ' +
    'itself.',
} as const;
