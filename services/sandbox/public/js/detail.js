import { getMessage, Refused } from './api.js';
import { welcome } from './connect.js';
import { byId, h, icon } from './dom.js';
import { emailView } from './view-email.js';
import { inappView } from './view-inapp.js';
import { pushView } from './view-push.js';
import { smsView } from './view-sms.js';
import { webhookView } from './view-webhook.js';
import { webpushView } from './view-webpush.js';

const place = byId('detail');
const VIEWS = {
  email: emailView,
  sms: smsView,
  push: pushView,
  webpush: webpushView,
  inapp: inappView,
  webhook: webhookView,
};
/** The tab last looked at, by channel: whoever compares sources wants the source of the next mail too. */
const remembered = Object.fromEntries(Object.keys(VIEWS).map((channel) => [channel, {}]));
let wanted = null;
/** What brings the view that is open up to date, when it wants that. */
let follow = null;

/** Brings the open view up to date, where it follows what happens. */
export const followShown = () => follow?.();

function placeholder() {
  return h(
    'div',
    { class: 'placeholder' },
    icon('email'),
    h('p', {}, 'Pick a message to see it.'),
    h(
      'p',
      { class: 'quiet' },
      h('kbd', {}, '↑'),
      ' ',
      h('kbd', {}, '↓'),
      ' move in the list, ',
      h('kbd', {}, '/'),
      ' searches',
    ),
  );
}

/** Puts something else than a message there; on a phone a welcome takes the place of the empty list. */
function showInstead(node, welcoming) {
  wanted = null;
  follow = null;
  document.body.classList.toggle('welcoming', welcoming);
  place.replaceChildren(node);
}

export const showWelcome = (addresses) => showInstead(welcome(addresses), true);
export const showPlaceholder = () => showInstead(placeholder(), false);

/** Shows a message and gives it; the answer of an earlier choice that comes late is thrown away. */
export async function showMessage(id) {
  wanted = id;
  document.body.classList.remove('welcoming');
  const back = h('a', { class: 'button back', href: '#/' }, icon('back'), 'All messages');
  try {
    const message = await getMessage(id);
    if (wanted !== id) return null;
    follow = null;
    const onFollow = (work) => {
      follow = work;
    };
    const view = VIEWS[message.channel](message, remembered[message.channel], onFollow);
    place.replaceChildren(back, h('article', { class: 'message' }, ...view));
    place.scrollTop = 0;
    return message;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (wanted !== id) return null;
    follow = null;
    const gone =
      'This message is not here any more: the sandbox keeps the newest, until it is cleared or restarted.';
    place.replaceChildren(back, h('div', { class: 'placeholder' }, icon('trash'), h('p', {}, gone)));
    return null;
  }
}
