import { codeBlock } from '/js/code-block.js';
import { byId, h } from '/js/dom.js';
import { sendCommand } from './send-command.js';

/** Without a push service some browsers try for minutes. */
const SUBSCRIBE_MS = 20_000;

const UNREACHABLE =
  'This browser cannot subscribe: it reaches no push service. Private windows, browsers without a window and those ' +
  'without the Internet have none. Herald can be tried all the same: POST /webpush/subscriptions here gives the ' +
  'subscription of a browser that the sandbox plays.';

const say = (text) => {
  byId('state').textContent = text;
};

function complain(text) {
  byId('problem').textContent = text;
  byId('problem').hidden = text === '';
}

/** What the browser wants instead of base64url. */
function bytesOf(key) {
  const text = atob(key.trim().replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

async function getOptions() {
  const response = await fetch('/app/push/options');
  return response.json();
}

function showSubscription(subscription, options) {
  byId('subscribed').hidden = subscription === null;
  byId('unsubscribe').hidden = subscription === null;
  if (subscription === null) return say('Not subscribed.');
  say('Subscribed.');
  const json = subscription.toJSON();
  byId('subscription').replaceChildren(codeBlock(JSON.stringify(json, null, 2), 'Subscription'));
  byId('command').replaceChildren(codeBlock(sendCommand(json, options.api), 'Command'));
}

const sameKey = (subscription, key) =>
  JSON.stringify([...new Uint8Array(subscription.options.applicationServerKey ?? [])]) ===
  JSON.stringify([...key]);

/** A browser has one subscription for a service worker: one made with another key has to end first. */
async function subscribe(registration, key) {
  const existing = await registration.pushManager.getSubscription();
  if (existing !== null && sameKey(existing, key)) return existing;
  await existing?.unsubscribe();
  const asked = registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const late = new Promise((_resolve, reject) => {
    setTimeout(() => reject(new DOMException('No answer.', 'TimeoutError')), SUBSCRIBE_MS);
  });
  return Promise.race([asked, late]);
}

const WHY = {
  NotAllowedError: 'Notifications are blocked for this page: allow them in the settings of the browser.',
  InvalidAccessError: 'This is no VAPID public key.',
  InvalidCharacterError: 'This is no VAPID public key.',
};

async function onSubscribe(registration, options) {
  complain('');
  try {
    const key = bytesOf(byId('key').value);
    if ((await Notification.requestPermission()) !== 'granted') return complain(WHY.NotAllowedError);
    say('Asking the push service…');
    showSubscription(await subscribe(registration, key), options);
  } catch (error) {
    say('Not subscribed.');
    complain(WHY[error.name] ?? `${UNREACHABLE} (${error.name}: ${error.message})`);
  }
}

function addArrived({ title, body, icon }) {
  byId('none').hidden = true;
  const texts = h(
    'div',
    {},
    h('strong', {}, title ?? 'Notification'),
    h('p', { class: 'quiet' }, body ?? ''),
  );
  byId('arrived').prepend(h('li', {}, icon && h('img', { src: icon, alt: '' }), texts));
}

async function start() {
  if (!('serviceWorker' in navigator) || !('PushManager' in window)) {
    say('Not subscribed.');
    return complain('This browser has no web push, or the page is neither at https nor at this machine.');
  }
  navigator.serviceWorker.addEventListener('message', ({ data }) => {
    if (data.type === 'shown') addArrived(data.content);
  });
  await navigator.serviceWorker.register('/app/push/sw.js');
  const registration = await navigator.serviceWorker.ready;
  for (const shown of await registration.getNotifications()) addArrived(shown);
  const options = await getOptions();
  byId('key').value = new URLSearchParams(location.search).get('key') ?? options.vapidPublicKey ?? '';
  byId('subscribe-form').addEventListener('submit', (event) => {
    event.preventDefault();
    void onSubscribe(registration, options);
  });
  byId('unsubscribe').addEventListener('click', async () => {
    await (await registration.pushManager.getSubscription())?.unsubscribe();
    showSubscription(null, options);
  });
  showSubscription(await registration.pushManager.getSubscription(), options);
}

start().catch((error) => complain(`The example does not work here: ${error.message}`));
