import { createHash } from 'node:crypto';
import { type Channel, type ProviderEventType, type Reason } from '@herald/contracts';
import { type ClaimedDelivery } from '@herald/db';
import {
  afterCall,
  healthFactors,
  type ProviderHealth,
  rankProviders,
  type SendOutcome,
} from '@herald/domain';
import { isUnavailable, type Logger } from '@herald/platform';
import { type SendCount, type SendLeave } from '@herald/queue';
import { LRUCache } from 'lru-cache';
import { type MessageOf } from '../message';
import { type OpenProvider, type ProviderSetting } from '../provider-pool';
import { type Admission, type Breakers, isFailure } from './breakers';

/** By whom a message goes. */
export type Route<C extends Channel> =
  | {
      kind: 'call';
      open: OpenProvider<C>;
      /** Whether another provider is left to try if this one fails. */
      alternative: boolean;
      /** Calls the provider; what comes of it is remembered. */
      call(send: () => Promise<SendOutcome>): Promise<SendOutcome>;
    }
  /** Nobody can take it now: it comes again, without a call. */
  | { kind: 'wait'; delayMs: number; reason: Extract<Reason, 'breaker_open' | 'provider_limit'> }
  /** There are settings and none of them can be used. */
  | { kind: 'unusable' }
  | { kind: 'none' };

/** The providers that a worker has at hand. */
export interface Providers<C extends Channel> {
  settingsOf(tenantId: string): Promise<readonly ProviderSetting[]>;
  carries(setting: ProviderSetting, message: MessageOf[C]): boolean;
  openFor(setting: ProviderSetting): Promise<OpenProvider<C>>;
  openSimulated(): Promise<OpenProvider<C>>;
}

export interface RouterOptions<C extends Channel> {
  providers: Providers<C>;
  breakers: Breakers;
  takeLeave(counts: readonly SendCount[]): Promise<SendLeave>;
  onMove(move: { providerId: string; type: ProviderEventType; detail: string }): void;
  logger: Logger;
  now(): number;
  random(): number;
}

const MAX_HEALTHS = 10_000;
/** A weight below half of what was set is told, and one that is back. */
const LOWERED = 0.5;
const RESTORED = 0.9;

type Delivery = Pick<ClaimedDelivery, 'tenantId' | 'live' | 'tried' | 'unconfirmed'>;

/**
 * Chooses the provider for each message: by position and weight, less of those that err or are slow, none whose breaker is
 * open or whose limit is reached, and none that failed this message since its last wait.
 */
export class Router<C extends Channel> {
  private readonly healths = new LRUCache<string, ProviderHealth>({ max: MAX_HEALTHS });
  private readonly lowered = new LRUCache<string, true>({ max: MAX_HEALTHS });

  constructor(private readonly options: RouterOptions<C>) {}

  /** @throws when Postgres or the key ring is away and the settings are not known */
  async route(delivery: Delivery, message: MessageOf[C]): Promise<Route<C>> {
    const { providers } = this.options;
    if (!delivery.live) {
      const open = await providers.openSimulated();
      return { kind: 'call', open, alternative: false, call: (send) => send() };
    }
    const all = await providers.settingsOf(delivery.tenantId);
    const settings = all.filter((setting) => providers.carries(setting, message));
    if (settings.length === 0) return { kind: 'none' };
    const candidates = this.candidates(delivery, settings);
    if (candidates.length === 0) return { kind: 'none' };
    return this.choose(candidates, delivery, message);
  }

  /** In the order in which to try them. Those that failed this message are left out, unless all did; those that took it always. */
  private candidates(
    { tried, unconfirmed }: Delivery,
    settings: readonly ProviderSetting[],
  ): ProviderSetting[] {
    const left = tried ? settings.filter(({ id }) => !tried.includes(id)) : settings;
    const from = left.length > 0 || unconfirmed ? left : settings;
    if (from.length < 2) return [...from];
    return rankProviders(this.weighed(from), this.options.random).map(({ setting }) => setting);
  }

  private weighed(settings: readonly ProviderSetting[]) {
    const now = this.options.now();
    return settings.map((setting) => {
      const peers = settings.filter(({ position }) => position === setting.position);
      const factors = healthFactors(
        peers.map(({ id }) => this.healths.get(id)),
        now,
      );
      const factor = factors[peers.indexOf(setting)] ?? 1;
      this.noteMove(setting.id, factor);
      return { setting, position: setting.position, weight: setting.weight * factor };
    });
  }

  private noteMove(providerId: string, factor: number): void {
    const low = this.lowered.has(providerId);
    if (low ? factor < RESTORED : factor >= LOWERED) return;
    const type = low ? 'weight_restored' : 'weight_lowered';
    if (low) this.lowered.delete(providerId);
    else this.lowered.set(providerId, true);
    this.options.onMove({ providerId, type, detail: `${Math.round(factor * 100)} %` });
  }

  private async choose(
    candidates: readonly ProviderSetting[],
    delivery: Delivery,
    message: MessageOf[C],
  ): Promise<Route<C>> {
    let wait: Extract<Route<C>, { kind: 'wait' }> | undefined;
    let limitedAt: number | undefined;
    for (const setting of candidates) {
      // What is over a limit goes to those of the same position only: the next one is for when this one fails.
      if (limitedAt !== undefined && setting.position !== limitedAt) break;
      const open = await this.tryOpen(setting, delivery.tenantId);
      if (!open) continue;
      const key = breakerKey(open, message);
      const admission = await this.options.breakers.admit({ key, setting: setting.breaker });
      if (admission.kind === 'open') {
        wait = sooner(wait, { kind: 'wait', delayMs: admission.forMs, reason: 'breaker_open' });
        continue;
      }
      const counts = countsOf(setting, open, message);
      const leave = counts.length > 0 ? await this.options.takeLeave(counts) : undefined;
      if (leave && !leave.allowed) {
        await this.options.breakers.giveBack(key, admission);
        wait = sooner(wait, { kind: 'wait', delayMs: leave.waitMs, reason: 'provider_limit' });
        limitedAt = setting.position;
        continue;
      }
      return this.callOf(open, key, admission, this.hasAlternative(candidates, setting));
    }
    return wait ?? { kind: 'unusable' };
  }

  /**
   * Settings that cannot be opened (a missing encryption key, a type that this worker does not know) are a matter for
   * people; no provider was called.
   */
  private async tryOpen(setting: ProviderSetting, tenantId: string): Promise<OpenProvider<C> | undefined> {
    try {
      return await this.options.providers.openFor(setting);
    } catch (error) {
      if (isUnavailable(error)) throw error;
      this.options.logger.error(
        { err: error, tenantId, providerId: setting.id },
        'a provider cannot be opened',
      );
      return undefined;
    }
  }

  private hasAlternative(candidates: readonly ProviderSetting[], chosen: ProviderSetting): boolean {
    return candidates.some(
      (other) =>
        other !== chosen && !this.options.breakers.seemsOpen({ key: other.id, setting: other.breaker }),
    );
  }

  private callOf(open: OpenProvider<C>, key: string, admission: Admission, alternative: boolean): Route<C> {
    const { breakers, now } = this.options;
    return {
      kind: 'call',
      open,
      alternative,
      call: async (send) => {
        const began = now();
        const outcome = await breakers.run(key, admission, send);
        const call = { failed: isFailure(outcome), durationMs: now() - began, now: now() };
        this.healths.set(open.id, afterCall(this.healths.get(open.id), call));
        return outcome;
      },
    };
  }
}

/** A provider, or one of the places that it sends to: those have owners of their own, and names that are not for Redis. */
function breakerKey<C extends Channel>({ id, target }: OpenProvider<C>, message: MessageOf[C]): string {
  if (!target) return id;
  return `${id}.${digest(target(message))}`;
}

/** By what a message is counted: the provider, and its sender there. */
function countsOf<C extends Channel>(
  { id, limits }: ProviderSetting,
  { sender }: OpenProvider<C>,
  message: MessageOf[C],
): SendCount[] {
  if (!limits) return [];
  const { perSender, ...limit } = limits;
  return [
    ...(Object.keys(limit).length > 0 ? [{ key: id, limit }] : []),
    ...(perSender && sender ? [{ key: `${id}.${digest(sender(message))}`, limit: perSender }] : []),
  ];
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('base64url').slice(0, 22);
}

type Wait = Extract<Route<Channel>, { kind: 'wait' }>;

function sooner(one: Wait | undefined, other: Wait): Wait {
  return one && one.delayMs <= other.delayMs ? one : other;
}
