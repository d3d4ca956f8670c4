import { type DeliveryPolicy } from '@herald/contracts';
import { newId, type SendOutcome } from '@herald/domain';
import { Metrics } from '@herald/platform';
import fc from 'fast-check';
import { attemptTargets } from './attempt-targets';
import { type Target } from './channel';
import { deliveryMetrics } from './metrics';
import { type Route } from './routing/router';
import { claimedDelivery } from './testing/claimed-delivery';

const RETRY_POLICY = { maxAttempts: 3, baseMs: 1000, capMs: 1000, budgetMs: 3_600_000, retryAfterCapMs: 0 };
const NOW = Date.UTC(2030, 0, 1);

const ACCEPTED: SendOutcome = { outcome: 'accepted', providerMessageId: 'm' };
const LATER: SendOutcome = { outcome: 'retry', reason: 'provider_unavailable', code: 'http_503' };
const UNKNOWN: SendOutcome = { outcome: 'ambiguous', reason: 'timed_out', code: 'timeout' };
const HALT: SendOutcome = { outcome: 'config-halt', reason: 'provider_misconfigured', code: 'http_401' };
const REFUSED: SendOutcome = { outcome: 'permanent-content', reason: 'content_rejected', code: 'http_400' };
const GONE: SendOutcome = {
  outcome: 'permanent-address',
  reason: 'unregistered',
  suppress: 'unregistered',
  code: 'gone',
  goneSince: NOW - 1000,
};
const OUTCOMES = [ACCEPTED, LATER, UNKNOWN, HALT, REFUSED, GONE];
const WAIT = { kind: 'wait', delayMs: 5000, reason: 'breaker_open' } as const;
const NONE = { kind: 'none' } as const;

type Script = SendOutcome | typeof WAIT | typeof NONE;

function target(n: number): Target<'push'> {
  const token = `token-${n}`;
  return {
    message: { platform: 'ios', token, content: { title: 'T' } },
    addressKey: `key-${n}`,
    hint: `•••${n}`,
    facts: { platform: 'ios' },
  };
}

function routeOf(script: Script, alternative: boolean): Route<'push'> {
  if ('kind' in script) return script;
  return {
    kind: 'call',
    alternative,
    open: {
      id: newId(NOW),
      type: 'apns',
      hasReceipts: false,
      provider: { send: async () => script, close: async () => undefined },
    },
    call: (send) => send(),
  };
}

function run(
  scripts: readonly Script[],
  { policy = 'at_least_once', alternative = false } = {} as {
    policy?: DeliveryPolicy;
    alternative?: boolean;
  },
) {
  const deps = {
    timeoutMs: 1000,
    receiptUrl: () => undefined,
    metrics: deliveryMetrics(new Metrics()),
    retryPolicy: RETRY_POLICY,
    now: () => NOW,
    random: () => 0.5,
  };
  const delivery = claimedDelivery({ channel: 'push', policy, firstDueAt: new Date(NOW) });
  const routed = scripts.map((script, n) => ({ target: target(n), route: routeOf(script, alternative) }));
  return attemptTargets(deps, delivery, routed, new AbortController().signal);
}

it.each([
  ['one accepted', [GONE, ACCEPTED, LATER], 'sent', undefined],
  ['all gone', [GONE, GONE], 'failed', 'unregistered'],
  ['one to be tried again', [GONE, REFUSED, LATER], 'queued', 'retry_scheduled'],
  ['nobody knows of one', [GONE, UNKNOWN, HALT], 'queued', 'retry_scheduled'],
  ['one that waits for its provider', [GONE, WAIT, HALT], 'queued', 'breaker_open'],
  ['one provider misconfigured', [GONE, HALT], 'dead', 'provider_misconfigured'],
  ['one without a provider', [NONE, GONE], 'dead', 'no_provider'],
  ['one refused', [REFUSED, GONE], 'dead', 'content_rejected'],
])('%s decides', async (_name, scripts, state, reason) => {
  expect(await run(scripts)).toMatchObject({ state, ...(reason && { reason }) });
});

it('logs each call once, and the one that decides as the outcome', async () => {
  const record = await run([GONE, NONE, ACCEPTED, LATER]);
  expect(record.called).toMatchObject({
    part: 2,
    outcome: 'accepted',
    provider: 'apns',
    providerMessageId: 'm',
    facts: { platform: 'ios' },
  });
  expect(record.others).toMatchObject([
    { part: 0, outcome: 'permanent-address', reason: 'unregistered', code: 'gone' },
    { part: 3, outcome: 'retry', reason: 'provider_unavailable' },
    { part: 1, outcome: 'config-halt', reason: 'no_provider', provider: 'herald' },
  ]);
});

it('says of each target that nobody was called for why, once the message went elsewhere', async () => {
  const others = async (...scripts: Script[]) =>
    (await run(scripts)).others?.map(({ provider, outcome, reason, part }) => [
      provider,
      outcome,
      reason,
      part,
    ]);
  expect(await others(ACCEPTED, WAIT)).toEqual([['herald', 'retry', 'breaker_open', 1]]);
  // It is tried again with the others.
  expect(await others(LATER, WAIT)).toEqual([]);
});

it('suppresses what is gone by itself, also when another was accepted, and never the delivery', async () => {
  const record = await run([ACCEPTED, GONE]);
  const gone = { addressKey: 'key-1', reason: 'unregistered', hint: '•••1', since: new Date(NOW - 1000) };
  expect(record.dead).toEqual([gone]);
  const all = await run([GONE]);
  expect(all).toMatchObject({ state: 'failed', dead: [{ addressKey: 'key-0' }] });
  expect([all.suppress, all.suppressHint]).toEqual([undefined, undefined]);
});

it('goes to another provider where there is one', async () => {
  expect(await run([LATER, GONE], { alternative: true })).toMatchObject({
    state: 'queued',
    failover: true,
    tried: [expect.any(String)],
  });
});

it('never repeats what may be sent once only while nobody knows of one target', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...OUTCOMES), { minLength: 1, maxLength: 6 }),
      async (scripts) => {
        const record = await run(scripts, { policy: 'at_most_once', alternative: true });
        if (scripts.includes(ACCEPTED)) expect(record.state).toBe('sent');
        else if (scripts.includes(UNKNOWN)) {
          expect(record).toMatchObject({ state: 'dead', reason: 'outcome_unknown' });
        }
      },
    ),
  );
});

it('is sent exactly when one target was accepted, and logs every call', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom<Script>(...OUTCOMES, WAIT, NONE), { minLength: 1, maxLength: 8 }),
      async (scripts) => {
        const record = await run(scripts);
        expect(record.state === 'sent').toBe(scripts.includes(ACCEPTED));
        const calls = scripts.flatMap((script, part) => ('kind' in script ? [] : [part]));
        // A dead letter without a call is logged by Herald itself, in the place of a target that was not called.
        const entries = [...(record.called ? [record.called] : []), ...(record.others ?? [])];
        expect(new Set(entries.map(({ part }) => part)).size).toBe(entries.length);
        const logged = entries.filter(({ provider }) => provider !== 'herald');
        expect(logged.map(({ part }) => part).sort()).toEqual(calls);
      },
    ),
  );
});
