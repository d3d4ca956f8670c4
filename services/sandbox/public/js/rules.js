import { CHANNEL_NAMES } from './format.js';

const MOMENTS = {
  data: 'before the message is taken',
  'after-data': 'after the message was taken (its reply is lost)',
  connect: 'as the connection opens',
};
const moment = (...names) => names.map((name) => [name, MOMENTS[name]]);
const RETRY_AFTER = {
  name: 'retryAfterSeconds',
  label: 'Retry after (seconds)',
  type: 'number',
  optional: true,
};

/** What each action is called, the channels it is for, and its fields. */
export const ACTIONS = {
  fail: {
    label: 'Refuse with a code',
    fields: [
      { name: 'code', label: 'Code', type: 'code' },
      {
        name: 'at',
        label: 'When',
        options: [
          ['rcpt', 'at the recipient (RCPT TO)'],
          ['data', 'after the data'],
        ],
        only: ['email'],
      },
      RETRY_AFTER,
    ],
  },
  delay: { label: 'Answer late', fields: [{ name: 'ms', label: 'Delay (ms)', type: 'number', value: 3000 }] },
  hang: {
    label: 'Never answer',
    fields: [{ name: 'at', label: 'When', options: moment('data', 'after-data') }],
  },
  drop: {
    label: 'Drop the connection',
    fields: [{ name: 'at', label: 'When', options: moment('data', 'after-data', 'connect') }],
  },
  throttle: {
    label: 'Throttle',
    fields: [{ name: 'perSecond', label: 'Messages per second', type: 'number', value: 1 }, RETRY_AFTER],
  },
  garbage: { label: 'Answer nonsense', fields: [] },
  undelivered: {
    label: 'Accept, then report failure',
    only: ['sms'],
    fields: [
      { name: 'errorCode', label: 'Error code', type: 'number', value: 30003 },
      {
        name: 'status',
        label: 'Status',
        options: [
          ['undelivered', 'undelivered'],
          ['failed', 'failed'],
        ],
      },
    ],
  },
  receipts: {
    label: 'Disturb the receipts',
    only: ['sms'],
    fields: [
      {
        name: 'mode',
        label: 'How',
        options: [
          ['late', 'late'],
          ['doubled', 'doubled'],
          ['reordered', 'in the wrong order'],
          ['none', 'never'],
        ],
      },
      { name: 'delayMs', label: 'Delay for late ones (ms)', type: 'number', optional: true },
    ],
  },
};

/** The providers that messages of a channel come by. */
export const DOOR_NAMES = {
  email: { smtp: 'SMTP', sendgrid: 'SendGrid', ses: 'SES' },
  sms: { twilio: 'Twilio', vonage: 'Vonage' },
  push: { fcm: 'FCM', apns: 'APNs' },
  webpush: {},
  webhook: {},
  '*': {},
};

/** An in-app feed has no provider that could misbehave. */
const DISTURBED = Object.entries(CHANNEL_NAMES).filter(([channel]) => channel !== 'inapp');
export const CHANNEL_CHOICES = [...DISTURBED, ['*', 'Every channel']];
export const CODE_HINTS = {
  email: '451 or 550 5.1.1',
  sms: '21211, 20429 or 503',
  push: '404, 410, 429 or 503',
  webpush: '410, 429 or 503',
  webhook: '500 or 410',
  '*': '500 to 599',
};
export const TO_HINTS = {
  email: 'everyone, or ada@example.com, *@example.com',
  sms: 'everyone, or +4915112345678, +49*',
  push: 'every device, or the start of its token and *',
  webpush: 'every browser, or its endpoint',
  webhook: 'every path, or /webhook/orders, /webhook/*',
  '*': 'everyone',
};

/** Ready-made rules. */
export const PRESETS = [
  {
    title: 'Greylist email',
    text: 'Refuse the next one with 451 4.7.1, accept the one after',
    rule: { channel: 'email', action: { type: 'fail', code: '451 4.7.1' }, times: 1 },
  },
  {
    title: 'Unknown mailbox',
    text: 'Email to gone@… fails for good with 550 5.1.1',
    rule: { channel: 'email', match: { to: 'gone@*' }, action: { type: 'fail', code: '550 5.1.1' } },
  },
  {
    title: 'Lost reply',
    text: 'Take the next email, then drop the connection',
    rule: { channel: 'email', action: { type: 'drop', at: 'after-data' }, times: 1 },
  },
  {
    title: 'SMS never arrives',
    text: 'Accepted, then undelivered with 30003',
    rule: { channel: 'sms', action: { type: 'undelivered', errorCode: 30003 } },
  },
  {
    title: 'Invalid number',
    text: 'Twilio refuses the next SMS with 21211',
    rule: {
      channel: 'sms',
      match: { provider: 'twilio' },
      action: { type: 'fail', code: '21211' },
      times: 1,
    },
  },
  {
    title: 'Twilio is down',
    text: 'It answers every SMS with HTTP 503; another provider has to take over',
    rule: { channel: 'sms', match: { provider: 'twilio' }, action: { type: 'fail', code: '503' } },
  },
  {
    title: 'Late receipts',
    text: 'Status callbacks come 30 seconds late',
    rule: { channel: 'sms', action: { type: 'receipts', mode: 'late', delayMs: 30000 } },
  },
  {
    title: 'Dead device',
    text: 'FCM does not know the token of the next push any more (404)',
    rule: { channel: 'push', match: { provider: 'fcm' }, action: { type: 'fail', code: '404' }, times: 1 },
  },
  {
    title: 'App was removed',
    text: 'APNs says 410 to the next push: that device is gone',
    rule: { channel: 'push', match: { provider: 'apns' }, action: { type: 'fail', code: '410' }, times: 1 },
  },
  {
    title: 'Browser unsubscribed',
    text: 'The push service says 410 to the next web push',
    rule: { channel: 'webpush', action: { type: 'fail', code: '410' }, times: 1 },
  },
  {
    title: 'Endpoint trips',
    text: 'Webhooks fail three times with 500',
    rule: { channel: 'webhook', action: { type: 'fail', code: '500' }, times: 3 },
  },
  {
    title: 'Endpoint is gone',
    text: 'Webhooks are answered with 410',
    rule: { channel: 'webhook', action: { type: 'fail', code: '410' } },
  },
  {
    title: 'Rate limit',
    text: 'One message a second on every channel',
    rule: { channel: '*', action: { type: 'throttle', perSecond: 1, retryAfterSeconds: 2 } },
  },
];

const SENTENCES = {
  fail: ({ code, enhanced, at }) =>
    `refused with ${code}${enhanced ? ` ${enhanced}` : ''}${at === 'data' ? ' after the data' : ''}`,
  delay: ({ ms }) => `answered ${ms.toLocaleString()} ms late`,
  hang: ({ at }) => `never answered${at === 'after-data' ? ', though taken' : ''}`,
  drop: ({ at }) => `dropped ${MOMENTS[at]}`,
  throttle: ({ perSecond }) => `throttled to ${perSecond} a second`,
  garbage: () => 'answered with nonsense',
  undelivered: ({ status, errorCode }) => `accepted, then ${status} with ${errorCode}`,
  events: ({ events }) => `accepted, then reported as ${events.join(', ')}`,
  receipts: ({ mode, delayMs }) =>
    ({
      late: `reported ${delayMs.toLocaleString()} ms late`,
      doubled: 'reported twice',
      reordered: 'reported in the wrong order',
      none: 'never reported',
    })[mode],
};

/** A rule in words: who, and what happens. */
export function describeRule({ channel, match, action }) {
  const what = channel === '*' ? 'Everything' : CHANNEL_NAMES[channel];
  const who = match?.to ? ` to ${match.to}` : '';
  const by = match?.provider ? ` by ${DOOR_NAMES[channel][match.provider] ?? match.provider}` : '';
  return { who: what + who + by, what: SENTENCES[action.type](action) };
}
