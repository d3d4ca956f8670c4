import { CHANNELS, type Channel, FORMATS } from '@herald/contracts';
import { type MessageOf } from '@herald/delivery';
import { describeProviderContract, expectWellFormed, providerDeps, sendContext } from '@herald/testing';
import { SIMULATED_BEHAVIOURS, SIMULATED_WEBHOOK_HOST, simulatedProvider } from './simulated';

for (const channel of CHANNELS) {
  describeProviderContract({ definition: simulatedProvider<Channel>(channel) });
}

const email = (to: string): MessageOf['email'] => ({
  to,
  subject: 's',
  text: 't',
  headers: {},
  attachments: [],
});
const sms = (to: string): MessageOf['sms'] => ({ to, body: 'Grüße' });
const webhook = (url: string): MessageOf['webhook'] => ({ url, body: '{}' });

async function send<C extends Channel>(channel: C, message: MessageOf[C], attempt = 1) {
  const provider = await simulatedProvider(channel).open({}, providerDeps());
  const outcome = await provider.send(message, sendContext({ attempt, deliveryId: 'd1' }));
  await provider.close();
  expectWellFormed(outcome);
  return outcome;
}

describe.each(SIMULATED_BEHAVIOURS.map((behaviour) => [behaviour.name, behaviour] as const))(
  '%s',
  (name, behaviour) => {
    const attempts = behaviour.attempts ?? 20;

    it('does the same on every channel, at every attempt that it is for', async () => {
      for (const attempt of [1, attempts]) {
        const outcomes = [
          await send('email', email(`${name}@shop.example`), attempt),
          await send('email', email(`${name.toUpperCase()}@other.example`), attempt),
          await send('sms', sms(behaviour.phone), attempt),
          await send('webhook', webhook(`https://${SIMULATED_WEBHOOK_HOST}/${name}?x=1`), attempt),
        ];
        for (const outcome of outcomes) {
          expect(outcome).toMatchObject({
            ...behaviour.verdict,
            code: `simulated_${name}`,
            detail: behaviour.does,
          });
        }
      }
    });

    it('is over after its attempts', async () => {
      if (!behaviour.attempts) return;
      const outcome = await send('sms', sms(behaviour.phone), behaviour.attempts + 1);
      expect(outcome.outcome).toBe('accepted');
    });

    it('has addresses that the API takes, and a name of its own', () => {
      expect(FORMATS.email.check(`${name}@shop.example`)).toBe(true);
      expect(FORMATS.phone.check(behaviour.phone)).toBe(true);
      expect(FORMATS['http-url'].check(`https://${SIMULATED_WEBHOOK_HOST}/${name}`)).toBe(true);
      const same = SIMULATED_BEHAVIOURS.filter(
        (other) => other.name === name || other.phone === behaviour.phone,
      );
      expect(same).toEqual([behaviour]);
    });
  },
);

it('accepts any other address', async () => {
  const accepted = { outcome: 'accepted', providerMessageId: 'simulated-d1', code: 'simulated' };
  expect(await send('email', email('ada@bounce.example'))).toEqual(accepted);
  expect(await send('email', email('bounce.ada@shop.example'))).toEqual(accepted);
  expect(await send('sms', sms('+4915112345678'))).toEqual({
    ...accepted,
    facts: { segments: 1, encoding: 'GSM-7' },
  });
  expect(await send('webhook', webhook('https://example.com/bounce'))).toEqual(accepted);
  expect(await send('webhook', webhook(`https://${SIMULATED_WEBHOOK_HOST}/hooks/bounce`))).toEqual(accepted);
});
