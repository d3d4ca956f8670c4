/// <reference types="jest" />
import { type Channel } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import fc from 'fast-check';
import { until } from '../until';
import { FAULTS, type ProviderContract } from './contract';
import { withProvider } from './describe-sending';
import { expectOutcome, expectWellFormed } from './expect-outcome';
import { providerDeps, sendContext } from './send-context';

/** Nothing that the other side or the network does makes a send reject. */
export function describeFailures<C extends Channel, Config extends object, Reply>(
  definition: ProviderDefinition<C, Config>,
  remote: NonNullable<ProviderContract<C, Config, Reply>['remote']>,
): void {
  it('classifies each answer by its table', () =>
    withProvider(definition, remote, 5000, async ({ other, provider }) => {
      expect(remote.errors.length).toBeGreaterThan(0);
      for (const { name, reply, expected } of remote.errors) {
        other.reply(reply);
        const outcome = await provider.send(other.message(), sendContext());
        try {
          expectOutcome(outcome, expected);
        } catch (error) {
          throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
        }
      }
    }));

  it.each(FAULTS)('classifies a failure without an answer: %s', (fault) =>
    withProvider(definition, remote, 300, async ({ other, provider }) => {
      other.fail(fault);
      expectOutcome(await provider.send(other.message(), sendContext()), remote.faults[fault]);
    }),
  );

  it('has something to say to any answer', () =>
    withProvider(definition, remote, 300, async ({ other, provider }) => {
      const bytes = fc.uint8Array({ minLength: 1, maxLength: 200 });
      await fc.assert(
        fc.asyncProperty(bytes, async (answer) => {
          other.babble(Buffer.from(answer));
          expectWellFormed(await provider.send(other.message(), sendContext()));
        }),
        { numRuns: 25 },
      );
    }));

  it('can be told to try again when nobody listens', async () => {
    const { config, message } = await remote.refused();
    const deps = providerDeps();
    const provider = await definition.open(config, deps);
    const outcome = await provider.send(message, sendContext());
    expectOutcome(outcome, {
      outcome: 'retry',
      reason: 'provider_unavailable',
      code: 'connect_ECONNREFUSED',
    });
    await provider.close();
    await deps.guardedDispatcher.destroy();
  });

  it('sends nothing when the signal was aborted before', () =>
    withProvider(definition, remote, 5000, async ({ other, provider }) => {
      const outcome = await provider.send(other.message(), sendContext({ signal: AbortSignal.abort() }));
      expectOutcome(outcome, { outcome: 'retry', reason: 'timed_out' });
      expect(other.taken()).toBe(0);
    }));

  it('stops waiting for an answer when the signal aborts: nobody can know', () =>
    withProvider(definition, remote, 30_000, async ({ other, provider }) => {
      other.fail('silent');
      const abort = new AbortController();
      const sending = provider.send(other.message(), sendContext({ signal: abort.signal }));
      await until(() => other.taken() === 1);
      abort.abort();
      expectOutcome(await sending, { outcome: 'ambiguous', reason: 'timed_out' });
    }));
}
