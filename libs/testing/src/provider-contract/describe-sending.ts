/// <reference types="jest" />
import { type Channel } from '@herald/contracts';
import { type Provider, type ProviderDefinition, type ProviderDeps } from '@herald/delivery';
import { until } from '../until';
import { type OtherSide, type ProviderContract } from './contract';
import { expectOutcome } from './expect-outcome';
import { providerDeps, sendContext } from './send-context';

type Remote<C extends Channel, Config extends object, Reply> = NonNullable<
  ProviderContract<C, Config, Reply>['remote']
>;

/** A provider that is open against its other side. */
export interface Opened<C extends Channel, Config, Reply> {
  other: OtherSide<C, Config, Reply>;
  provider: Provider<C>;
  deps: ProviderDeps;
}

/** Runs a test with a provider that is open against a fresh server, and leaves nothing open. */
export async function withProvider<C extends Channel, Config extends object, Reply>(
  definition: ProviderDefinition<C, Config>,
  remote: Remote<C, Config, Reply>,
  timeoutMs: number,
  test: (opened: Opened<C, Config, Reply>) => Promise<void>,
): Promise<void> {
  const other = await remote.start();
  const deps = providerDeps(timeoutMs);
  const provider = await definition.open(other.config, deps);
  try {
    other.reply(remote.accepted);
    await test({ other, provider, deps });
  } finally {
    await provider.close();
    await deps.guardedDispatcher.destroy();
    await other.close();
  }
}

/** What is accepted, and what happens around it. */
export function describeSending<C extends Channel, Config extends object, Reply>(
  definition: ProviderDefinition<C, Config>,
  remote: Remote<C, Config, Reply>,
): void {
  it('sends a message that the other side really has', () =>
    withProvider(definition, remote, 5000, async ({ other, provider }) => {
      const [message, context] = [other.message(), sendContext()];
      const outcome = await provider.send(message, context);
      expect(outcome).toMatchObject({ outcome: 'accepted' });
      expect(other.taken()).toBe(1);
      await other.expectTaken(message, context);
    }));

  it('sends many at a time, each once, and uses connections again', () =>
    withProvider(definition, remote, 5000, async ({ other, provider, deps }) => {
      const sends = Array.from({ length: 40 }, () => provider.send(other.message(), sendContext()));
      for (const outcome of await Promise.all(sends)) expect(outcome.outcome).toBe('accepted');
      expect(other.taken()).toBe(40);
      expect(other.connections()).toBeLessThanOrEqual(deps.maxConnections);
    }));

  it('works again after a failure', () =>
    withProvider(definition, remote, 300, async ({ other, provider }) => {
      other.fail('dropped');
      expect((await provider.send(other.message(), sendContext())).outcome).not.toBe('accepted');
      other.reply(remote.accepted);
      expect((await provider.send(other.message(), sendContext())).outcome).toBe('accepted');
    }));

  it('leaves no connection open when it is closed, and then refuses calls', () =>
    withProvider(definition, remote, 5000, async ({ other, provider, deps }) => {
      await provider.send(other.message(), sendContext());
      await provider.close();
      const refused = await provider.send(other.message(), sendContext());
      expectOutcome(refused, { outcome: 'retry', reason: 'provider_unavailable', code: 'closed' });
      expect(other.taken()).toBe(1);
      await deps.guardedDispatcher.close();
      await until(() => other.connections() === 0);
    }));

  it('can be closed twice', () =>
    withProvider(definition, remote, 5000, async ({ provider }) => {
      await provider.close();
      await provider.close();
    }));
}
