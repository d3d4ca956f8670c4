import { randomUUID } from 'node:crypto';
import { type ProviderDeps, type SendContext } from '@herald/delivery';
import { Agent } from 'undici';

/** A context as a worker gives it, for a delivery of its own. */
export function sendContext(overrides: Partial<SendContext> = {}): SendContext {
  return {
    tenantId: randomUUID(),
    deliveryId: randomUUID(),
    attempt: 1,
    createdAt: Date.UTC(2030, 0, 31, 9, 30),
    signal: new AbortController().signal,
    ...overrides,
  };
}

/** What a worker lends to a provider; the dispatcher guards nothing, so that local servers can be reached. */
export function providerDeps(timeoutMs = 5000): ProviderDeps {
  return { timeoutMs, maxConnections: 4, guardedDispatcher: new Agent({ connections: 4 }) };
}
