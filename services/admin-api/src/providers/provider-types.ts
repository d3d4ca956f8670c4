import { CHANNELS, type Channel, dtoSchemas, type JsonSchema, type ProviderTypeDto } from '@herald/contracts';
import { PROVIDERS } from '@herald/providers';

/** A provider of whichever channel. */
export type ConfigurableProvider = (typeof PROVIDERS)[Channel][number];

/**
 * What can be configured. Webhooks, web push and in-app need no provider: what a tenant
 * configures of the first two are its webhook secrets and its VAPID keys.
 */
export const CONFIGURABLE: Record<Channel, readonly ConfigurableProvider[]> = {
  email: PROVIDERS.email,
  sms: PROVIDERS.sms,
  push: PROVIDERS.push,
  webpush: [],
  inapp: [],
  webhook: [],
};

const SCHEMAS = '#/components/schemas/';
const LOCAL = '#/$defs/';

/** Every provider type with the JSON schema of its configuration. */
export function providerTypes(): ProviderTypeDto[] {
  const schemas = dtoSchemas();
  return CHANNELS.flatMap((channel) =>
    CONFIGURABLE[channel].map(({ type, title, secrets, destination, config }) => ({
      channel,
      type,
      title,
      secrets: [...secrets],
      destination: [...destination],
      configSchema: standAlone(config.name, schemas),
    })),
  );
}

/** A schema with those that it refers to inside of it. */
function standAlone(name: string, schemas: Record<string, JsonSchema>): JsonSchema {
  const defs = new Map<string, JsonSchema>();
  const localise = (schema: JsonSchema): JsonSchema =>
    JSON.parse(JSON.stringify(schema), (key, value) => {
      if (key !== '$ref' || typeof value !== 'string' || !value.startsWith(SCHEMAS)) return value;
      const referred = value.slice(SCHEMAS.length);
      if (!defs.has(referred)) {
        defs.set(referred, {});
        defs.set(referred, localise(schemas[referred] ?? {}));
      }
      return LOCAL + referred;
    });
  const schema = localise(schemas[name] ?? { type: 'object' });
  return defs.size === 0 ? schema : { ...schema, $defs: Object.fromEntries(defs) };
}
