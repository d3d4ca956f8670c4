import { Refused } from './api.js';
import { h } from './dom.js';
import { ACTIONS, CHANNEL_CHOICES, CODE_HINTS, DOOR_NAMES, TO_HINTS } from './rules.js';

let sequence = 0;

/** A labelled control. */
function field(label, control, more = '') {
  sequence += 1;
  control.id = `rule-field-${sequence}`;
  return h('div', { class: `field ${more}` }, h('label', { for: control.id }, label), control);
}

const select = (options, value) =>
  h(
    'select',
    {},
    ...options.map(([name, label]) => h('option', { value: name, selected: name === value }, label)),
  );

/** The control of one field of an action. */
function controlFor(spec, channel, value) {
  if (spec.options !== undefined) return select(spec.options, value);
  const shown = value ?? spec.value ?? '';
  if (spec.type === 'code')
    return h('input', {
      type: 'text',
      value: shown,
      placeholder: CODE_HINTS[channel],
      required: true,
      autocomplete: 'off',
    });
  return h('input', {
    type: 'number',
    step: 'any',
    value: shown,
    required: !spec.optional,
    placeholder: spec.optional && 'optional',
  });
}

/**
 * The form that makes a rule.
 * @param {(rule: object) => Promise<void>} onAdd
 * @returns {{ element: HTMLFormElement, fill(rule: object): void }}
 */
export function ruleForm(onAdd) {
  const channel = select(CHANNEL_CHOICES, 'email');
  const to = h('input', { type: 'text', autocomplete: 'off', spellcheck: 'false' });
  const by = h('select', {});
  const times = h('input', { type: 'number', min: '1', step: '1', placeholder: 'until removed' });
  const actionPlace = h('div', { class: 'field-row' });
  const message = h('p', { class: 'form-message', role: 'status' });
  let type = 'fail';
  let controls = new Map();

  function showAction(values = {}) {
    const fits = Object.entries(ACTIONS).filter(([, action]) => action.only?.includes(channel.value) ?? true);
    if (!fits.some(([name]) => name === type)) type = 'fail';
    const picker = select(
      fits.map(([name, { label }]) => [name, label]),
      type,
    );
    picker.addEventListener('change', () => {
      type = picker.value;
      showAction();
      actionPlace.querySelector('select').focus();
    });
    const specs = ACTIONS[type].fields.filter((spec) => spec.only?.includes(channel.value) ?? true);
    controls = new Map(specs.map((spec) => [spec, controlFor(spec, channel.value, values[spec.name])]));
    const fields = [...controls].map(([spec, control]) => field(spec.label, control));
    actionPlace.replaceChildren(field('What happens', picker), ...fields);
    to.placeholder = TO_HINTS[channel.value];
  }

  function showDoors(value = '') {
    const doors = Object.entries(DOOR_NAMES[channel.value]);
    const option = ([name, label]) => h('option', { value: name, selected: name === value }, label);
    by.replaceChildren(...[['', 'any provider'], ...doors].map(option));
    by.disabled = doors.length === 0;
  }

  function read() {
    const action = { type };
    for (const [spec, control] of controls) {
      if (control.value === '') continue;
      action[spec.name] = spec.type === 'number' ? Number(control.value) : control.value;
    }
    const rule = { channel: channel.value, action };
    if (to.value !== '') rule.match = { to: to.value };
    if (by.value !== '') rule.match = { ...rule.match, provider: by.value };
    if (times.value !== '') rule.times = Number(times.value);
    return rule;
  }

  function fill(rule) {
    channel.value = rule.channel;
    to.value = rule.match?.to ?? '';
    times.value = rule.times ?? '';
    type = rule.action.type;
    showDoors(rule.match?.provider);
    showAction(rule.action);
    message.textContent = '';
    element.scrollIntoView({ block: 'nearest', behavior: 'smooth' });
    to.focus({ preventScroll: true });
  }

  function say(text, good) {
    message.className = `form-message ${good ? 'good' : 'bad'}`;
    message.textContent = text;
  }

  channel.addEventListener('change', () => {
    showDoors();
    showAction();
  });
  const element = h(
    'form',
    { class: 'rule-form', 'aria-labelledby': 'rule-form-title' },
    h(
      'div',
      { class: 'field-row' },
      field('Channel', channel),
      field('By', by),
      field('To', to, 'field-wide'),
      field('How often', times),
    ),
    actionPlace,
    h('div', { class: 'form-end' }, message, h('button', { class: 'button button-primary' }, 'Add rule')),
  );
  element.addEventListener('submit', async (event) => {
    event.preventDefault();
    try {
      await onAdd(read());
      say('Added. It is in force now.', true);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      const wrong = error.problem.errors?.map(
        ({ pointer, detail }) => `${pointer.split('/').pop()} ${detail}`,
      );
      say(wrong?.join('. ') ?? error.message, false);
    }
  });
  showDoors();
  showAction();
  return { element, fill };
}
