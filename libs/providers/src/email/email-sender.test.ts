import { type EmailMessage } from '@herald/delivery';
import { emailSender } from './email-sender';

const from = (sender?: string) =>
  emailSender({ from: sender } as EmailMessage, { from: 'Shop <Shop@example.com>' });

it('is the address, whatever name stands before it and however it is written', () => {
  expect(from('Ada <Ada@Example.com>')).toBe('ada@example.com');
  expect(from('ada@example.com')).toBe('ada@example.com');
});

it("is the provider's own for a message that names none", () => {
  expect(from()).toBe('shop@example.com');
});
