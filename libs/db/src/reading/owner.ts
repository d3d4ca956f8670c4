/** Whose rows a finder may see: one tenant's, and of those the live or the test ones, as the API key says. */
export interface Owner {
  tenantId: string;
  live: boolean;
}
