import { type SendOutcome } from '@herald/domain';
import { type SmsMessage } from '../message';
import { type ProviderDefinition, type SendContext } from '../provider';

/** What a scripted provider does when it is called: an outcome, or anything that ends in one. */
export type Act = SendOutcome | ((context: SendContext, message: SmsMessage) => Promise<SendOutcome>);

export interface ScriptedCall {
  to: string;
  body: string;
  deliveryId: string;
  attempt: number;
  receiptUrl: string | undefined;
}

class ScriptedConfig {}

/** A provider that does what the test says, per phone number, and accepts everything else. */
export class ScriptedProvider {
  readonly calls: ScriptedCall[] = [];
  private readonly acts = new Map<string, Act[]>();
  private always: Act = { outcome: 'accepted' };
  /** As that of a `ProviderDefinition`; none by default. */
  sender?: (message: SmsMessage) => string;

  constructor(readonly type = 'scripted') {}

  /** The acts of one number, in order; the last one is repeated. */
  script(to: string, ...acts: Act[]): void {
    this.acts.set(to, acts);
  }

  /** What it does for every number without a script. */
  otherwise(act: Act): void {
    this.always = act;
  }

  callsTo(to: string): ScriptedCall[] {
    return this.calls.filter((call) => call.to === to);
  }

  get definition(): ProviderDefinition<'sms', ScriptedConfig> {
    return {
      type: this.type,
      channel: 'sms',
      title: 'Scripted',
      config: ScriptedConfig,
      secrets: [],
      destination: [],
      open: async () => ({
        send: (message, context) => this.send(message, context),
        close: async () => undefined,
      }),
      ...(this.sender && { sender: this.sender }),
      receipts: { verify: () => true, parse: () => [] },
    };
  }

  private async send(message: SmsMessage, context: SendContext): Promise<SendOutcome> {
    const { deliveryId, attempt, receiptUrl } = context;
    this.calls.push({ to: message.to, body: message.body, deliveryId, attempt, receiptUrl });
    const acts = this.acts.get(message.to) ?? [];
    const act = (acts.length > 1 ? acts.shift() : acts[0]) ?? this.always;
    if (typeof act === 'function') return act(context, message);
    return act.outcome === 'accepted' ? { providerMessageId: `id-${deliveryId}`, ...act } : act;
  }
}
