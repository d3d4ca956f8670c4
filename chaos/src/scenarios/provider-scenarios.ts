import { createHmac } from 'node:crypto';
import { SETTINGS } from '../system/settings';
import { type Scenario, type Stage } from './scenario';

type Rule = { channel: string; action: object };

const everywhere = (action: object): Rule[] => [{ channel: '*', action }];
const TIMEOUT_MS = Number(SETTINGS.WORKER_ATTEMPT_TIMEOUT_MS);

export const PROVIDER_SCENARIOS: readonly Scenario[] = [
  provider('provider-hang', 'providers take messages and never answer, for 15 s', [
    { channel: '*', action: { type: 'hang', at: 'after-data' } },
  ]),
  provider('provider-500', 'providers answer that they are broken, for 15 s', [
    { channel: 'email', action: { type: 'fail', code: 451 } },
    { channel: 'sms', action: { type: 'fail', code: 500 } },
    { channel: 'push', action: { type: 'fail', code: 503 } },
    { channel: 'webhook', action: { type: 'fail', code: 500 } },
  ]),
  provider('provider-reset', 'providers take messages and reset the connection, for 15 s', [
    { channel: '*', action: { type: 'drop', at: 'after-data' } },
  ]),
  provider(
    'provider-garbage',
    'providers answer what no protocol knows, for 15 s',
    everywhere({ type: 'garbage' }),
  ),
  provider(
    'provider-late',
    'providers take messages and answer after the time-out, for 15 s',
    everywhere({ type: 'delay', ms: TIMEOUT_MS + 1500 }),
  ),
  provider(
    'provider-throttle',
    'providers take 50 messages a second each and ask to come back in 1 s, for 20 s',
    // A mail server that is asked too often wants to be left alone for a quarter of an hour.
    ['sms', 'push', 'webhook'].map((channel) => ({
      channel,
      action: { type: 'throttle', perSecond: 50, retryAfterSeconds: 1 },
    })),
    20,
  ),
  {
    name: 'receipts',
    title: 'receipts late, doubled, reordered and forged',
    faults: async (stage) => {
      for (const mode of ['late', 'doubled', 'reordered']) {
        const action = { type: 'receipts', mode, ...(mode === 'late' && { delayMs: 5000 }) };
        await stage.system.world.misbehave({ channel: 'sms', action });
        await stage.fault(async () => {
          await stage.wait(4, 1000);
          await forge(stage);
          await stage.wait(4, 1000);
        });
        await stage.system.world.behave();
      }
    },
  },
];

function provider(name: string, title: string, rules: readonly Rule[], seconds = 15): Scenario {
  return {
    name,
    title,
    faults: async (stage) => {
      const { world } = stage.system;
      await stage.wait(5);
      await stage.fault(async () => {
        for (const rule of rules) await world.misbehave(rule);
        await stage.wait(seconds, TIMEOUT_MS);
        await world.behave();
      });
    },
  };
}

/** Says of real messages that they were not delivered, with the signature of someone who does not know the token. */
async function forge({ system, random }: Stage): Promise<void> {
  const { rows: providers } = await system.sql.query<{ id: string }>(
    `SELECT id FROM provider_configs WHERE channel = 'sms' AND type = 'twilio'`,
  );
  const { rows } = await system.sql.query<{ id: string; sid: string | null }>(
    `SELECT id, provider_message_id AS sid FROM deliveries WHERE channel = 'sms' ORDER BY id DESC LIMIT 50`,
  );
  for (const { id, sid } of rows) {
    const url = `${system.edgeUrl}/v1/receipts/${providers[0]?.id}/${id}`;
    const signature = createHmac('sha1', `guess ${random()}`).update(url).digest('base64');
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'x-twilio-signature': signature },
      body: new URLSearchParams({
        MessageSid: sid ?? '',
        MessageStatus: 'undelivered',
        ErrorCode: '30003',
      }),
    });
    await response.arrayBuffer();
    if (response.ok) throw new Error(`A forged receipt was taken with ${response.status}`);
  }
}
