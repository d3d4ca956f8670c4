import { type BreakerSetting, type Channel, type ProviderLimits } from '@herald/contracts';
import { type Logger } from '@herald/platform';
import { LRUCache } from 'lru-cache';
import { type MessageOf } from './message';
import { type Provider, type ProviderDefinition, type ProviderDeps } from './provider';

/** A tenant's configuration of a provider, opened. */
export interface ProviderSetting {
  id: string;
  type: string;
  config: object;
  /** Lower ones are used first; those of one position share by weight. */
  position: number;
  weight: number;
  limits: ProviderLimits | null;
  breaker: BreakerSetting;
  /** Changes whenever the configuration does. */
  version: string;
}

export interface ProviderPoolOptions<C extends Channel> {
  channel: C;
  definitions: readonly ProviderDefinition<C>[];
  /** Carries what was posted with test keys; never reaches anyone. */
  simulated: ProviderDefinition<C>;
  /** The tenant's enabled providers, preferred one first. */
  findSettings(tenantId: string): Promise<ProviderSetting[]>;
  deps: ProviderDeps;
  /** How long settings are believed, in milliseconds. */
  ttlMs: number;
  /** Providers kept open at most, over all tenants. */
  maxOpen: number;
  logger: Logger;
}

export interface OpenProvider<C extends Channel> {
  id: string;
  type: string;
  provider: Provider<C>;
  /** As `ProviderDefinition.target`. */
  target?(message: MessageOf[C]): string;
  /** As `ProviderDefinition.sender`. */
  sender?(message: MessageOf[C]): string;
  /** Whether receipts tell what became of a message. */
  hasReceipts: boolean;
}

interface Entry<C extends Channel> extends OpenProvider<C> {
  version: string;
}

/** Replaced providers may still be sending. */
const CLOSE_AFTER_MS = 60_000;

/** The open providers of a worker: one per tenant's configuration, replaced when that changes. */
export class ProviderPool<C extends Channel> {
  private readonly settings: LRUCache<string, Promise<ProviderSetting[]>>;
  private readonly open: LRUCache<string, Promise<Entry<C>>>;
  private simulated?: Promise<OpenProvider<C>>;

  constructor(private readonly options: ProviderPoolOptions<C>) {
    this.settings = new LRUCache({ max: 10_000, ttl: options.ttlMs });
    this.open = new LRUCache({ max: options.maxOpen, dispose: (entry) => this.closeLater(entry) });
  }

  async close(): Promise<void> {
    const entries = await Promise.allSettled([
      ...this.open.values(),
      ...(this.simulated ? [this.simulated] : []),
    ]);
    await Promise.allSettled(
      entries.map((e) => (e.status === 'fulfilled' ? e.value.provider.close() : undefined)),
    );
  }

  /** A tenant's enabled providers of the channel. */
  settingsOf(tenantId: string): Promise<ProviderSetting[]> {
    const cached = this.settings.get(tenantId);
    if (cached) return cached;
    const found = this.options.findSettings(tenantId);
    this.settings.set(tenantId, found);
    const forget = () => {
      if (this.settings.peek(tenantId) === found) this.settings.delete(tenantId);
    };
    // That there is none is not believed for any time: whoever makes the first one replays what died for want of it.
    found.then((settings) => settings.length === 0 && forget(), forget);
    return found;
  }

  /** Whether a provider is for such messages. One of a type that is not known here is left for `openFor` to complain of. */
  carries(setting: ProviderSetting, message: MessageOf[C]): boolean {
    const definition = this.options.definitions.find((d) => d.type === setting.type);
    return definition?.carries?.(message, setting.config) ?? true;
  }

  /** @throws when the settings cannot be used: a type that is not known here, say */
  async openFor(setting: ProviderSetting): Promise<Entry<C>> {
    const cached = this.open.get(setting.id);
    if (cached) {
      const entry = await cached;
      if (entry.version === setting.version) return entry;
    }
    const definition = this.options.definitions.find((d) => d.type === setting.type);
    if (!definition) throw new Error(`This worker does not know the provider type ${setting.type}`);
    const opening = this.openEntry(definition, setting);
    this.open.set(setting.id, opening);
    opening.catch(() => this.open.delete(setting.id));
    return opening;
  }

  private async openEntry(definition: ProviderDefinition<C>, setting: ProviderSetting): Promise<Entry<C>> {
    const { id, type, version, config } = setting;
    const provider = await definition.open(config, this.options.deps);
    const { target, receipts } = definition;
    const sender = definition.sender && ((message: MessageOf[C]) => definition.sender!(message, config));
    return { id, type, version, provider, target, sender, hasReceipts: receipts !== undefined };
  }

  /** Carries what was posted with test keys. */
  openSimulated(): Promise<OpenProvider<C>> {
    const { simulated, deps } = this.options;
    this.simulated ??= simulated
      .open({}, deps)
      .then((provider) => ({ id: simulated.type, type: simulated.type, provider, hasReceipts: false }));
    return this.simulated;
  }

  private closeLater(entry: Promise<Entry<C>>): void {
    const timer = setTimeout(() => {
      entry
        .then(({ provider }) => provider.close())
        .catch((error) => this.options.logger.warn({ err: error }, 'a provider could not be closed'));
    }, CLOSE_AFTER_MS);
    timer.unref();
  }
}
