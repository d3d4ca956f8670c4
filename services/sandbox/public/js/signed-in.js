import { getSignedIn, signIn } from './api.js';
import { attempt } from './attempt.js';
import { byId, h } from './dom.js';

const place = byId('signed-in');
const names = h('ul', { class: 'signed-in-names', 'aria-label': 'Signed in as' });
let there = false;

function nameChip({ recipient, connected }) {
  const state = connected ? 'connected' : 'not connected';
  return h(
    'li',
    { class: `signed-in-name ${connected ? 'up' : ''}`, title: state },
    recipient,
    h('span', { class: 'visually-hidden' }, `, ${state}`),
  );
}

/** Reads again who is signed in, while that is shown. */
export async function refreshSignedIn() {
  if (place.hidden) return;
  const items = await getSignedIn();
  names.replaceChildren(...items.map(nameChip));
}

/** The recipients whose feeds arrive here, and a way to add one; absent without an app to sign in to. */
export function setUpSignedIn({ inapp }) {
  there = inapp !== undefined;
  const input = h('input', {
    id: 'sign-in-as',
    type: 'text',
    maxlength: '128',
    required: true,
    autocomplete: 'off',
    spellcheck: 'false',
    placeholder: 'user_42',
  });
  const form = h(
    'form',
    { class: 'sign-in' },
    h('label', { for: 'sign-in-as', class: 'visually-hidden' }, 'Recipient to sign in'),
    input,
    h('button', { class: 'button button-small' }, 'Sign in'),
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    attempt(async () => {
      await signIn(input.value.trim());
      input.value = '';
      await refreshSignedIn();
    });
  });
  place.replaceChildren(h('p', { class: 'signed-in-title' }, 'Signed in as'), names, form);
}

export function showSignedIn(wanted) {
  place.hidden = !(wanted && there);
  if (!place.hidden) attempt(refreshSignedIn);
}
