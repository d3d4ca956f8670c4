import { CHANNELS } from '@herald/contracts';
import { findProvider, PROVIDERS, SIMULATED } from './registry';

it.each(CHANNELS)('knows the providers of %s by their type', (channel) => {
  const definitions = [...PROVIDERS[channel], SIMULATED[channel]];
  // The one of in-app is our own database, which is not configured.
  expect(definitions.length).toBeGreaterThan(channel === 'inapp' ? 0 : 1);
  for (const definition of definitions) {
    expect(definition.channel).toBe(channel);
    expect(findProvider(channel, definition.type)).toBe(definition);
  }
  expect(new Set(definitions.map((definition) => definition.type)).size).toBe(definitions.length);
  expect(findProvider(channel, 'carrier-pigeon')).toBeUndefined();
});

it('does not find a provider under another channel', () => {
  expect(findProvider('email', 'twilio')).toBeUndefined();
});
