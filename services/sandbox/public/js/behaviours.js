import { addBehaviour, listBehaviours, Refused, removeBehaviour } from './api.js';
import { attempt } from './attempt.js';
import { byId, h, icon } from './dom.js';
import { often, plural } from './format.js';
import { ruleForm } from './rule-form.js';
import { describeRule, PRESETS } from './rules.js';

const dialog = byId('behaviours');
const badge = byId('rule-count');
const opener = byId('open-behaviours');
const active = h('div', { class: 'rules', 'aria-live': 'polite' });
const form = ruleForm(async (rule) => {
  await addBehaviour(rule);
  await refreshBehaviours();
});

async function endRule(id) {
  // Someone else, or its own count, may have ended it already.
  await removeBehaviour(id).catch((error) => {
    if (!(error instanceof Refused)) throw error;
  });
  await refreshBehaviours();
  active.firstChild.focus();
}

function ruleRow(rule) {
  const { who, what } = describeRule(rule);
  const so = rule.applied === 0 ? 'not applied yet' : `applied ${often(rule.applied)}`;
  const left =
    rule.times === undefined
      ? 'until removed'
      : `${often(rule.times - rule.applied)}${rule.applied === 0 ? '' : ' more'}`;
  const remove = h(
    'button',
    { type: 'button', class: 'button button-small', 'aria-label': `Remove: ${who} is ${what}` },
    'Remove',
  );
  remove.addEventListener('click', () => attempt(() => endRule(rule.id)));
  return h(
    'li',
    { class: 'rule' },
    h(
      'span',
      { class: `medal ${rule.channel === '*' ? '' : rule.channel}` },
      icon(rule.channel === '*' ? 'mischief' : rule.channel),
    ),
    h(
      'span',
      { class: 'rule-text' },
      h('strong', {}, `${who}:`),
      ` ${what}`,
      h('span', { class: 'quiet' }, `${so}, ${left}`),
    ),
    remove,
  );
}

/** Reads the rules in force again: they also end by themselves. */
export async function refreshBehaviours() {
  const { items } = await listBehaviours();
  badge.hidden = items.length === 0;
  badge.textContent = items.length;
  opener.classList.toggle('button-warn', items.length > 0);
  opener.setAttribute(
    'aria-label',
    items.length === 0 ? 'Misbehave' : `Misbehave: ${plural(items.length, 'rule')} in force`,
  );
  if (!dialog.open) return;
  const heading = h('h3', { tabindex: '-1' }, 'In force');
  const rows = items.map(ruleRow);
  const none = h('p', { class: 'quiet' }, 'None: everything is accepted and delivered.');
  active.replaceChildren(heading, items.length === 0 ? none : h('ul', {}, ...rows));
}

function presetButton({ title, text, rule }) {
  const channelIcon = rule.channel === '*' ? 'mischief' : rule.channel;
  return h(
    'button',
    { type: 'button', class: 'preset', onclick: () => form.fill(rule) },
    h('span', { class: `medal ${rule.channel === '*' ? '' : rule.channel}` }, icon(channelIcon)),
    h('span', {}, h('strong', {}, title), h('span', { class: 'quiet' }, text)),
  );
}

export function setUpBehaviours() {
  const close = h(
    'button',
    { type: 'button', class: 'button button-icon', 'aria-label': 'Close', onclick: () => dialog.close() },
    icon('close'),
  );
  dialog.replaceChildren(
    h(
      'header',
      { class: 'sheet-head' },
      h('h2', { id: 'behaviours-title' }, 'Make the sandbox misbehave'),
      close,
    ),
    h(
      'div',
      { class: 'sheet-body' },
      h(
        'p',
        { class: 'quiet' },
        'Try retries, dead letters and receipts by hand. The newest rule that fits a message decides.',
      ),
      active,
      h('h3', {}, 'Start from an example'),
      h('div', { class: 'presets' }, ...PRESETS.map(presetButton)),
      h('h3', { id: 'rule-form-title' }, 'The rule'),
      form.element,
    ),
  );
  opener.addEventListener('click', () => {
    dialog.showModal();
    attempt(refreshBehaviours);
  });
}
