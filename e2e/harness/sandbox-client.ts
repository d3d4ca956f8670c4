import { type Channel } from '@herald/contracts';
import { type BehaviourRule } from '@herald/sandbox';
import { createClient, until } from '@herald/testing';

/** A message as `GET /messages` tells of it; the rest depends on the channel. */
export interface ReceivedMessage {
  id: string;
  channel: Channel;
  to: string;
  from: string;
  subject: string | null;
  text: string;
  html: string | null;
  receivedAt: string;
  [more: string]: unknown;
}

export type Rule = Omit<BehaviourRule, 'action'> & { action: { type: string; [field: string]: unknown } };

export interface SandboxClient {
  url: string;
  /** Takes webhooks at any path below, where each test has its own. */
  webhookUrl(path: string): string;
  /** What arrived for an address, newest first. */
  messages(to: string): Promise<ReceivedMessage[]>;
  /** How many arrived for each address that begins so; those of one run of a load test. */
  counts(prefix: string): Promise<Map<string, number>>;
  /** Waits until something arrived for this many different addresses that begin so; gives the counts. */
  untilArrived(prefix: string, addresses: number, timeoutMs?: number): Promise<Map<string, number>>;
  /** A message with its headers and source. */
  whole(id: string): Promise<ReceivedMessage>;
  /** Makes it misbehave; gives the rule's id. */
  misbehave(rule: Rule): Promise<string>;
  /** Ends a rule; one that has ended by itself is fine. */
  behave(ruleId: string): Promise<void>;
}

export function createSandboxClient(url: string): SandboxClient {
  const client = createClient(url);
  const messages = async (to: string): Promise<ReceivedMessage[]> => {
    const query = new URLSearchParams({ to, limit: '10000' });
    const { status, body } = await client.get<{ items: ReceivedMessage[] }>(`/messages?${query}`);
    if (status !== 200) throw new Error(`The sandbox answered ${status}: ${JSON.stringify(body)}`);
    return body.items;
  };
  const counts = async (prefix: string): Promise<Map<string, number>> => {
    const { body } = await client.get<{ items: { to: string }[] }>('/messages?limit=10000&view=brief');
    const found = new Map<string, number>();
    for (const { to } of body.items) if (to.startsWith(prefix)) found.set(to, (found.get(to) ?? 0) + 1);
    return found;
  };
  return {
    url,
    webhookUrl: (path) => `${url}/webhook/${path}`,
    messages,
    counts,
    untilArrived: (prefix, addresses, timeoutMs = 30_000) =>
      until(
        async () => {
          const found = await counts(prefix);
          return found.size >= addresses ? found : undefined;
        },
        // The list is long, and who is asked for it has better things to do.
        { timeoutMs, everyMs: 200, what: `messages to ${addresses} addresses` },
      ),
    whole: async (id) => (await client.get<ReceivedMessage>(`/messages/${id}`)).body,
    misbehave: async (rule) => {
      const { status, body } = await client.post<{ id: string }>('/behaviours', rule);
      if (status !== 201) throw new Error(`The sandbox answered ${status}: ${JSON.stringify(body)}`);
      return body.id;
    },
    behave: async (ruleId) => void (await client.delete(`/behaviours/${ruleId}`)),
  };
}
