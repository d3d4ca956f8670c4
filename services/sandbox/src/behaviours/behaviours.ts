import type { Channel } from '@herald/contracts';
import type {
  Action,
  Behaviour,
  BehaviourRule,
  Decision,
  EventsAction,
  ReceiptsAction,
  RequestAction,
  UndeliveredAction,
} from './behaviour';
import { matchAddress } from './match-address';
import { TokenBucket } from './token-bucket';

interface Entry {
  behaviour: Behaviour;
  bucket?: TokenBucket;
}

const isRequestAction = (action: Action): action is RequestAction =>
  action.type !== 'undelivered' && action.type !== 'receipts' && action.type !== 'events';

/**
 * The rules by which the sandbox misbehaves. The newest matching rule wins, asked separately for how a request is
 * answered, what becomes of an SMS, and how its receipts are posted: an SMS can be undelivered *and* its receipt
 * late.
 */
export class Behaviours {
  private entries: Entry[] = [];
  private sequence = 0;

  constructor(private readonly nowMs: () => number = () => performance.now()) {}

  add(rule: BehaviourRule): Behaviour {
    this.sequence += 1;
    const behaviour = { id: `b${this.sequence}`, ...rule, createdAt: new Date().toISOString(), applied: 0 };
    const { action } = rule;
    const entry: Entry = { behaviour };
    if (action.type === 'throttle') entry.bucket = new TokenBucket(action.perSecond, this.nowMs());
    this.entries = [entry, ...this.entries];
    return { ...behaviour };
  }

  /** The rules in force, newest first. */
  list(): Behaviour[] {
    return this.entries.map((entry) => ({ ...entry.behaviour }));
  }

  /** Ends a rule; false when there is none of that id. */
  remove(id: string): boolean {
    const before = this.entries.length;
    this.entries = this.entries.filter((entry) => entry.behaviour.id !== id);
    return this.entries.length < before;
  }

  clear(): void {
    this.entries = [];
  }

  /** Whether an SMTP connection is to be dropped as it opens, before a recipient is known. */
  dropsConnection(): boolean {
    const entry = this.find('email', [], (action) => action.type === 'drop' && action.at === 'connect');
    if (entry === undefined) return false;
    this.count(entry);
    return true;
  }

  /**
   * What to do with a message on `channel`; `addresses` are the ways its recipient can be written, `provider` is the door
   * that it came to, for channels that have several.
   */
  decide(channel: Channel, addresses: readonly string[], provider?: string): Decision {
    const wanted = (action: Action): boolean => {
      const atConnect = action.type === 'drop' && action.at === 'connect';
      return isRequestAction(action) && !(channel === 'email' && atConnect);
    };
    const entry = this.find(channel, addresses, wanted, provider);
    if (entry === undefined) return { type: 'accept' };
    const action = entry.behaviour.action as RequestAction;
    if (action.type !== 'throttle') {
      this.count(entry);
      return action;
    }
    if (entry.bucket?.take(this.nowMs())) return { type: 'accept' };
    this.count(entry);
    return { type: 'throttled', retryAfterSeconds: action.retryAfterSeconds };
  }

  /** What becomes of an accepted SMS to `to`, when it is not to be delivered. */
  outcomeOf(to: string, provider: string): UndeliveredAction | undefined {
    return this.apply('sms', to, (action) => action.type === 'undelivered', provider);
  }

  /** How the status callbacks of an accepted SMS to `to` are posted, when not as usual. */
  receiptsOf(to: string, provider: string): ReceiptsAction | undefined {
    return this.apply('sms', to, (action) => action.type === 'receipts', provider);
  }

  /** What is reported of an accepted e-mail to `to`, when not only its delivery. */
  eventsOf(to: string, provider: string): EventsAction | undefined {
    return this.apply('email', to, (action) => action.type === 'events', provider);
  }

  private apply<A extends Action>(
    channel: Channel,
    to: string,
    wanted: (action: Action) => boolean,
    provider?: string,
  ): A | undefined {
    const entry = this.find(channel, [to], wanted, provider);
    if (entry === undefined) return undefined;
    this.count(entry);
    return entry.behaviour.action as A;
  }

  private find(
    channel: Channel,
    addresses: readonly string[],
    wanted: (action: Action) => boolean,
    provider?: string,
  ): Entry | undefined {
    return this.entries.find(({ behaviour }) => {
      if (behaviour.channel !== '*' && behaviour.channel !== channel) return false;
      if (!wanted(behaviour.action)) return false;
      const { to: pattern, provider: door } = behaviour.match ?? {};
      if (door !== undefined && door !== provider) return false;
      return pattern === undefined || addresses.some((address) => matchAddress(pattern, address));
    });
  }

  private count(entry: Entry): void {
    entry.behaviour.applied += 1;
    if (entry.behaviour.times !== undefined && entry.behaviour.applied >= entry.behaviour.times) {
      this.remove(entry.behaviour.id);
    }
  }
}
