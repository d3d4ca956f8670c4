import { type Channel, type FieldError, type ProviderDto, type ProviderLimits } from '@herald/contracts';
import { type ProviderConfig } from '@herald/db';
import { ProblemError, type SecretBox } from '@herald/platform';
import { validateProviderConfig } from '@herald/providers';
import { mergePatch } from './merge-patch';
import { CONFIGURABLE, type ConfigurableProvider } from './provider-types';

type Settings = Record<string, unknown>;

/** The definition of a type. @throws ProblemError 422 that lists the types of the channel */
export function definitionOf(channel: Channel, type: string): ConfigurableProvider {
  const known = CONFIGURABLE[channel];
  const definition = known.find((candidate) => candidate.type === type);
  if (definition) return definition;
  const names = known.map((candidate) => candidate.type).join(', ');
  throw invalid([
    names
      ? { pointer: '/type', detail: `must be one of ${names} for the channel ${channel}` }
      : { pointer: '/channel', detail: `must not be ${channel}: it needs no provider` },
  ]);
}

/** Checks a configuration and seals it for its row. @throws ProblemError 422 with pointers into `/config` */
export function sealConfig(
  box: SecretBox,
  provider: { id: string; channel: Channel; type: string },
  config: Settings,
): string {
  const checked = validateProviderConfig(definitionOf(provider.channel, provider.type), config);
  if (checked.ok) return box.seal(checked.config, contextOf(provider.id));
  throw invalid(checked.errors.map(({ pointer, detail }) => ({ pointer: `/config${pointer}`, detail })));
}

/**
 * Merges a patch into a stored configuration and seals what comes of it. Secrets that are stored go only to where they
 * were given for: with another destination none is kept, so that nobody who may not read them has them sent to himself.
 *
 * @throws ProblemError 422 with pointers into `/config`
 */
export function changeConfig(
  box: SecretBox,
  provider: Pick<ProviderConfig, 'id' | 'channel' | 'type' | 'config'>,
  patch: Settings,
): string {
  const { secrets, destination } = definitionOf(provider.channel, provider.type);
  const stored = openConfig(box, provider);
  const merged = mergePatch(stored, patch);
  const moved = destination.filter((field) => stored[field] !== merged[field]);
  if (moved.length === 0) return sealConfig(box, provider, merged);
  const missing = secrets.filter((field) => Object.hasOwn(stored, field) && !Object.hasOwn(patch, field));
  if (missing.length > 0) {
    const detail = `must be given again, since a change of ${moved.join(', ')} changes where or how it is sent`;
    throw invalid(missing.map((field) => ({ pointer: `/config/${field}`, detail })));
  }
  const kept = Object.entries(stored).filter(([field]) => !secrets.includes(field));
  return sealConfig(box, provider, mergePatch(Object.fromEntries(kept), patch));
}

/** A stored configuration with its secrets. */
function openConfig(box: SecretBox, { id, config }: Pick<ProviderConfig, 'id' | 'config'>): Settings {
  return JSON.parse(box.open(config, contextOf(id)));
}

/**
 * Limits as they are stored: null when there are none in them.
 *
 * @throws ProblemError 422 for limits by sender where all messages have the same
 */
export function storedLimits(
  { channel, type }: { channel: Channel; type: string },
  { perSender = {}, ...limits }: ProviderLimits = {},
): ProviderLimits | null {
  const bySender = Object.keys(perSender).length > 0;
  if (bySender && !definitionOf(channel, type).sender) {
    const detail = `must not be given for ${type}: its messages name no sender of their own; use perSecond and perDay`;
    throw invalid([{ pointer: '/limits/perSender', detail }]);
  }
  const stored = { ...limits, ...(bySender && { perSender: { ...perSender } }) };
  return Object.keys(stored).length > 0 ? stored : null;
}

/** A provider as the API shows it. Of a type that is not known any more nothing is shown: anything may be secret. */
export function providerView(box: SecretBox, provider: ProviderConfig): ProviderDto {
  const {
    id,
    tenantId,
    channel,
    type,
    name,
    enabled,
    position,
    weight,
    limits,
    breaker,
    createdAt,
    updatedAt,
  } = provider;
  const definition = CONFIGURABLE[channel].find((candidate) => candidate.type === type);
  const settings = Object.entries(definition ? openConfig(box, provider) : {});
  const secret = new Set<string>(definition?.secrets);
  return {
    id,
    tenantId,
    channel,
    type,
    name,
    config: Object.fromEntries(settings.filter(([field]) => !secret.has(field))),
    secretsSet: settings.map(([field]) => field).filter((field) => secret.has(field)),
    enabled,
    position,
    weight,
    ...(limits && { limits }),
    breaker,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}

function contextOf(id: string): string {
  return `provider_configs:${id}`;
}

function invalid(errors: FieldError[]): ProblemError {
  return new ProblemError('validation', undefined, { errors });
}
