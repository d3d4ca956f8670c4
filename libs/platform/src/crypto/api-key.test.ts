import { apiKeyHint, looksLikeApiKey, newApiKey } from './api-key';
import { sha256 } from './digest';

describe('newApiKey', () => {
  it.each(['live', 'test'] as const)('makes a %s key of 256 random bits, its hash and its hint', (mode) => {
    const { key, hash, hint } = newApiKey(mode);
    expect(key).toMatch(new RegExp(`^hk_${mode}_[A-Za-z0-9_-]{43}$`));
    expect(hash.equals(sha256(key))).toBe(true);
    expect(hint).toBe(`${key.slice(0, 12)}…${key.slice(-4)}`);
    expect(looksLikeApiKey(key)).toBe(true);
    expect(newApiKey(mode).key).not.toBe(key);
  });

  it('shows as much of a key whose random part begins with the sign that ends its prefix', () => {
    expect(apiKeyHint(`hk_live__P7Md${'x'.repeat(34)}Z6mo`)).toBe('hk_live__P7M…Z6mo');
  });

  it.each(['', 'hk_live_', 'hk_prod_'.padEnd(51, 'a'), `${'hk_live_'.padEnd(51, 'a')}\n`])(
    'does not take %j for a key',
    (text) => expect(looksLikeApiKey(text)).toBe(false),
  );
});
