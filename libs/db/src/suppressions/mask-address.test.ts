import { maskAddress } from './mask-address';

it.each([
  ['email', 'ada@example.com', 'a•••@example.com'],
  ['email', '"odd@local"@example.com', '"•••@example.com'],
  ['email', 'ab@example.com', '•••@example.com'],
  ['email', 'not an address', '•••'],
  ['sms', '+4915112345678', '+49•••678'],
  ['sms', '+29041234', '+2•••34'],
  ['sms', '+2904', '•••'],
  ['webhook', 'https://hooks.example.com:8443/t/secret?key=1', 'hooks.example.com:8443'],
  ['webhook', 'not a URL', '•••'],
] as const)('%s %s is shown as %s', (channel, address, shown) => {
  expect(maskAddress(channel, address)).toBe(shown);
});
