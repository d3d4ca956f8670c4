import { codeBlock } from './code-block.js';
import { byId, h, icon } from './dom.js';

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

function emailCommand({ smtp }) {
  const mail = 'From: Me <me@example.com>\\nTo: you@example.com\\nSubject: Hello sandbox\\n\\nIt works.\\n';
  return [
    `printf ${quoted(mail)} |`,
    `  curl smtp://${smtp.host}:${smtp.port} --crlf -T - \\`,
    '    --mail-from me@example.com --mail-rcpt you@example.com',
  ].join('\n');
}

function smsCommand({ httpUrl, twilio }) {
  const account = `${httpUrl}/2010-04-01/Accounts/${twilio.accountSid}`;
  return [
    `curl ${account}/Messages.json \\`,
    `  -u ${quoted(`${twilio.accountSid}:${twilio.authToken}`)} \\`,
    "  --data-urlencode 'To=+4915112345678' -d From=Herald -d 'Body=Hello sandbox'",
  ].join('\n');
}

function webhookCommand({ httpUrl }) {
  return [
    `curl ${httpUrl}/webhook/hello \\`,
    `  -H 'content-type: application/json' -d '{"hello":"sandbox"}'`,
  ].join('\n');
}

function way(channel, title, text, command) {
  return h(
    'section',
    { class: 'way' },
    h('h3', {}, h('span', { class: `medal ${channel}` }, icon(channel)), title),
    h('p', { class: 'quiet' }, text),
    codeBlock(command, `Command: ${title}`),
  );
}

function signedInText({ recipients }) {
  const who = recipients.length === 0 ? 'nobody yet' : recipients.join(', ');
  return `An app in which recipients are signed in: ${who}. What Herald puts into their feeds shows up here; choose In-app above the list to sign in another one.`;
}

/** How to get a first message here: through Herald, and straight to each door of the sandbox. */
export function ways(addresses) {
  const { smtp, httpUrl, twilio, inapp, firstRequest } = addresses;
  return [
    firstRequest !== null &&
      h(
        'section',
        { class: 'way way-first' },
        h('h3', {}, 'Through Herald'),
        h('p', { class: 'quiet' }, 'Ask Herald to notify someone; what it delivers shows up here.'),
        codeBlock(firstRequest, 'Command: through Herald'),
      ),
    way(
      'email',
      'Email',
      `An SMTP server at ${smtp.host}:${smtp.port}: any login or none, any recipient.`,
      emailCommand(addresses),
    ),
    twilio !== null &&
      way(
        'sms',
        'SMS',
        `A Twilio at ${httpUrl}: messages, errors and signed status callbacks.`,
        smsCommand(addresses),
      ),
    h(
      'section',
      { class: 'way' },
      h('h3', {}, h('span', { class: 'medal webpush' }, icon('webpush')), 'Web push'),
      h(
        'p',
        { class: 'quiet' },
        'A push service for this browser and for made-up ones. ',
        h('a', { href: '/app/push/' }, 'The example page'),
        ' subscribes this browser and shows what it gets.',
      ),
    ),
    inapp !== undefined &&
      h(
        'section',
        { class: 'way' },
        h('h3', {}, h('span', { class: 'medal inapp' }, icon('inapp')), 'In-app'),
        h('p', { class: 'quiet' }, signedInText(inapp)),
      ),
    way(
      'webhook',
      'Webhook',
      `A receiver at ${httpUrl}/webhook and any path below: checks signatures.`,
      webhookCommand(addresses),
    ),
  ].filter(Boolean);
}

/** What a newcomer sees while nothing has arrived. */
export function welcome(addresses) {
  return h(
    'div',
    { class: 'welcome' },
    h('img', { src: '/icon.svg', alt: '', width: '56', height: '56' }),
    h('h2', {}, 'Waiting for the first message'),
    h(
      'p',
      { class: 'lead' },
      'This sandbox stands in for the outside world while you develop. Whatever is sent to it stops here and shows up on this page: nobody gets a real email or SMS.',
    ),
    ...ways(addresses),
  );
}

export function setUpConnect(addresses) {
  const dialog = byId('connect');
  const close = h(
    'button',
    { type: 'button', class: 'button button-icon', 'aria-label': 'Close', onclick: () => dialog.close() },
    icon('close'),
  );
  const head = h(
    'header',
    { class: 'sheet-head' },
    h('h2', { id: 'connect-title' }, 'Send something here'),
    close,
  );
  dialog.replaceChildren(head, h('div', { class: 'sheet-body' }, ...ways(addresses)));
  byId('open-connect').addEventListener('click', () => dialog.showModal());
}
