import { getMessage, Refused } from './api.js';
import { welcome } from './connect.js';
import { byId, h, icon } from './dom.js';
import { emailView } from './view-email.js';
import { smsView } from './view-sms.js';
import { webhookView } from './view-webhook.js';

const place = byId('detail');
const VIEWS = { email: emailView, sms: smsView, webhook: webhookView };
/** The tab last looked at, by channel: whoever compares sources wants the source of the next mail too. */
const remembered = { email: {}, sms: {}, webhook: {} };
let wanted = null;

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
    const view = VIEWS[message.channel](message, remembered[message.channel]);
    place.replaceChildren(back, h('article', { class: 'message' }, ...view));
    place.scrollTop = 0;
    return message;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (wanted !== id) return null;
    const gone =
      'This message is not here any more: the sandbox keeps the newest, until it is cleared or restarted.';
    place.replaceChildren(back, h('div', { class: 'placeholder' }, icon('trash'), h('p', {}, gone)));
    return null;
  }
}
