import { type Channel } from '@herald/contracts';
import { type MessageOf, type ProviderDefinition, type SmsMessage } from '@herald/delivery';
import { type AttemptFacts, type SendOutcome, smsSize } from '@herald/domain';
import { outcomeOf, type Verdict } from '../verdict';

export interface SimulatedBehaviour {
  /** Local part of the e-mail address, path of the webhook URL or web-push endpoint, end of a token or recipient id. */
  name: string;
  /** What happens, for the documentation. */
  does: string;
  phone: string;
  verdict: Verdict;
  /** Attempts that fail so; all of them when missing. */
  attempts?: number;
}

const LATER: Verdict = { outcome: 'retry', reason: 'temporary_failure' };

/**
 * The magic addresses of test keys; any other address is accepted. The phone numbers are valid E.164 and belong to
 * nobody (US personal numbers, exchange 555).
 */
export const SIMULATED_BEHAVIOURS: readonly SimulatedBehaviour[] = [
  {
    name: 'bounce',
    does: 'The address does not exist: failed for good, and suppressed from then on.',
    phone: '+15005550001',
    verdict: { outcome: 'permanent-address', reason: 'invalid_address', suppress: 'bounce' },
  },
  {
    name: 'retry',
    does: 'A temporary failure at every attempt, until retries are exhausted.',
    phone: '+15005550002',
    verdict: LATER,
  },
  {
    name: 'retry-once',
    does: 'A temporary failure at the first attempt; the second is accepted.',
    phone: '+15005550003',
    verdict: LATER,
    attempts: 1,
  },
  {
    name: 'full',
    does: 'The mailbox is full: a temporary failure that asks for a pause of 30 minutes.',
    phone: '+15005550004',
    verdict: { ...LATER, retryAfterMs: 30 * 60_000 },
  },
  {
    name: 'reject',
    does: 'The content is refused: a dead letter.',
    phone: '+15005550005',
    verdict: { outcome: 'permanent-content', reason: 'content_rejected' },
  },
  {
    name: 'config',
    does: 'The provider refuses our credentials: a dead letter.',
    phone: '+15005550006',
    verdict: { outcome: 'config-halt', reason: 'provider_misconfigured' },
  },
  {
    name: 'timeout',
    does: 'Nobody can know whether it was taken: tried again, or a dead letter with delivery at_most_once.',
    phone: '+15005550007',
    verdict: { outcome: 'ambiguous', reason: 'timed_out' },
  },
  {
    name: 'opt-out',
    does: 'The recipient opted out: failed for good, and suppressed from then on.',
    phone: '+15005550008',
    verdict: { outcome: 'permanent-address', reason: 'opted_out', suppress: 'opt_out' },
  },
];

/** Webhooks to this host are magic by their path, e.g. `https://simulated.test/bounce`. */
export const SIMULATED_WEBHOOK_HOST = 'simulated.test';

/** Nothing can be configured. */
export class SimulatedConfig {}

/** Which behaviour an address stands for, per channel. */
const MAGIC: { [C in Channel]: (message: MessageOf[C], behaviour: SimulatedBehaviour) => boolean } = {
  email: ({ to }, { name }) => to.slice(0, to.lastIndexOf('@')).toLowerCase() === name,
  sms: ({ to }, { phone }) => to === phone,
  push: ({ token }, { name }) => token === `simulated-${name}`,
  webpush: ({ endpoint }, { name }) => isMagicUrl(endpoint, name),
  inapp: ({ recipient }, { name }) => recipient === `simulated-${name}`,
  webhook: ({ url }, { name }) => isMagicUrl(url, name),
};

function isMagicUrl(url: string, name: string): boolean {
  const target = URL.canParse(url) ? new URL(url) : undefined;
  return target?.hostname === SIMULATED_WEBHOOK_HOST && target.pathname === `/${name}`;
}

const FACTS: { [C in Channel]: (message: MessageOf[C]) => AttemptFacts | undefined } = {
  email: () => undefined,
  sms: (message: SmsMessage) => ({ ...smsSize(message.body) }),
  push: () => undefined,
  webpush: () => undefined,
  inapp: () => undefined,
  webhook: () => undefined,
};

/** The built-in provider of a channel that test keys go to: nothing leaves the process. */
export function simulatedProvider<C extends Channel>(channel: C): ProviderDefinition<C, SimulatedConfig> {
  return {
    type: 'simulated',
    channel,
    title: 'Simulated',
    config: SimulatedConfig,
    secrets: [],
    destination: [],
    async open() {
      return {
        send: async (message, context) => {
          const facts = FACTS[channel](message);
          const behaviour = SIMULATED_BEHAVIOURS.find((candidate) => MAGIC[channel](message, candidate));
          return { ...behave(behaviour, context), ...(facts && { facts }) };
        },
        close: async () => undefined,
      };
    },
  };
}

function behave(
  behaviour: SimulatedBehaviour | undefined,
  { deliveryId, attempt }: { deliveryId: string; attempt: number },
): SendOutcome {
  if (!behaviour || attempt > (behaviour.attempts ?? Number.POSITIVE_INFINITY)) {
    return { outcome: 'accepted', providerMessageId: `simulated-${deliveryId}`, code: 'simulated' };
  }
  return outcomeOf(behaviour.verdict, { code: `simulated_${behaviour.name}`, detail: behaviour.does });
}
