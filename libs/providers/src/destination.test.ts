import { dtoSchemas, type JsonSchema } from '@herald/contracts';
import { PROVIDERS } from './registry';

const definitions = Object.values(PROVIDERS).flat();

/** What reads like a place, or like how safely something gets there. */
const LIKE_A_PLACE =
  /url|uri|host|port$|endpoint|server|address|proxy|region|environment|security|tls|ssl|unauthorized/i;

/** Fields that read so and decide nothing of where secrets go. */
const NO_DESTINATION = new Set([
  // Certificates are read and subscriptions confirmed there, without a secret.
  'ses.snsBaseUrl',
  // The envelope sender of mails.
  'smtp.bounceAddress',
]);

it.each(definitions)('$type says which of its fields decide where its secrets go', (definition) => {
  const { type, config, secrets, destination } = definition;
  const fields = Object.entries((dtoSchemas()[config.name]?.properties ?? {}) as Record<string, JsonSchema>);
  const places = fields
    .filter(([name, { format }]) => LIKE_A_PLACE.test(name) || format === 'uri')
    .map(([name]) => name)
    .filter((name) => !secrets.includes(name) && !NO_DESTINATION.has(`${type}.${name}`));
  expect([...destination].sort()).toEqual(places.sort());
});
