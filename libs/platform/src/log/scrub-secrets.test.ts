import { scrubSecrets } from './scrub-secrets';

describe('scrubSecrets', () => {
  it.each([
    ['postgres://u:p@h/db', 'postgres://***@h/db'],
    ['redis://:p@h and amqp://u@h', 'redis://***@h and amqp://***@h'],
    ['https://example.com/?to=a@b.c', 'https://example.com/?to=a@b.c'],
    ['Authorization: Bearer abc.def', 'Authorization: Bearer ***'],
    ['key hk_live_abc-DEF_1 is bad', 'key hk_live_*** is bad'],
  ])('%s', (text, scrubbed) => expect(scrubSecrets(text)).toBe(scrubbed));
});
