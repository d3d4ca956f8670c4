import { codeBlock, copyButton } from './code-block.js';
import { h, icon } from './dom.js';
import { code, facts } from './facts.js';
import { duration, fullTime, shortEndpoint } from './format.js';
import { jsonView } from './json-view.js';
import { statusChip } from './list.js';
import { linkOrText, picture } from './picture.js';
import { tabs } from './tabs.js';

/** The site as a browser would name it: where a click leads, or else who sends. */
function site({ url, from }) {
  const host = /^https?:\/\/([^/]+)/i.exec(url ?? '')?.[1];
  return host ?? from.replace(/^mailto:(?:[^@]*@)?|^https?:\/\//i, '');
}

function traits({ requireInteraction, silent, tag }) {
  return [
    requireInteraction && 'stays until it is dismissed',
    silent && 'makes no sound',
    tag && `takes the place of an earlier “${tag}”`,
  ].filter(Boolean);
}

function bubble(message) {
  const { title, body, image, actions } = message;
  return h(
    'div',
    { class: 'notification' },
    image && picture(image, 'notification-image'),
    h(
      'div',
      { class: 'notification-main' },
      message.icon
        ? picture(message.icon, 'notification-icon')
        : h('span', { class: 'notification-icon no-picture', 'aria-hidden': 'true' }, icon('webpush')),
      h(
        'div',
        { class: 'notification-text' },
        h('p', { class: 'notification-title' }, title || '(no title)'),
        body && h('p', { class: 'notification-body' }, body),
        h('p', { class: 'notification-site' }, `Browser · ${site(message)}`),
      ),
      h('span', { class: 'notification-close', 'aria-hidden': 'true' }, icon('close')),
    ),
    actions.length > 0 &&
      h(
        'ul',
        { class: 'notification-actions', 'aria-label': 'Actions' },
        ...actions.map((action) => h('li', { title: action.action }, action.title)),
      ),
  );
}

function unreadable() {
  const text =
    'The browser cannot decrypt this push: it was encrypted for other keys than those of the subscription, or is broken. Nothing is shown.';
  return h('div', { class: 'notification unreadable' }, h('p', {}, text));
}

function desktop(message) {
  return h(
    'div',
    { class: 'desktop' },
    h('div', { class: 'desktop-bar', 'aria-hidden': 'true' }, h('span'), h('span'), h('span')),
    h('div', { class: 'desktop-page' }, message.status === 'unreadable' ? unreadable() : bubble(message)),
  );
}

function ttlOf({ ttlSeconds }) {
  return ttlSeconds === 0 ? 'now or never' : duration(ttlSeconds);
}

function table(message) {
  const { vapid } = message;
  return facts([
    ['Status', statusChip(message.status)],
    ['Endpoint', code(message.to)],
    ['Received', fullTime(message.receivedAt)],
    ['Message id', code(message.messageId)],
    ['Time to live', ttlOf(message)],
    ['Urgency', message.urgency],
    ['Topic', code(message.topic)],
    ['Click opens', linkOrText(message.url)],
    ['Tag', code(message.tag)],
    ['Icon', linkOrText(message.icon)],
    ['Image', linkOrText(message.image)],
    ['Badge', linkOrText(message.badge)],
    ['VAPID subject', vapid.subject],
    ['VAPID key', code(vapid.publicKey)],
    ['VAPID until', fullTime(vapid.expiresAt)],
  ]);
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function payloadPanel({ payload }) {
  if (!payload) return h('p', { class: 'quiet' }, 'There is no payload that could be read.');
  const value = parsed(payload);
  if (value === undefined) return codeBlock(payload, 'Payload');
  return h('div', { class: 'code-block' }, jsonView(value, 'Payload as JSON'), copyButton(payload));
}

function actionsPanel({ actions }) {
  const rows = actions.map(({ action, title }) =>
    h('tr', {}, h('th', { scope: 'row' }, action), h('td', {}, title)),
  );
  return h('div', { class: 'table-wrap' }, h('table', { class: 'header-table' }, h('tbody', {}, ...rows)));
}

const isAction = (value) => typeof value === 'object' && value !== null;

/** A web push as a desktop browser shows it. */
export function webpushView(received, remembered) {
  // The payload may be anything that a sender made up.
  const message = { ...received, actions: received.actions.filter(isAction) };
  const all = [
    { name: 'payload', label: 'Decrypted payload', panel: () => payloadPanel(message) },
    message.actions.length > 0 && { name: 'actions', label: 'Actions', panel: () => actionsPanel(message) },
  ].filter(Boolean);
  const first = all.find(({ name }) => name === remembered.tab) ?? all[0];
  const notes = message.status === 'unreadable' ? [] : traits(message);
  return [
    h('h2', { class: 'detail-title' }, message.subject || `Web push to ${shortEndpoint(message.to)}`),
    h(
      'div',
      { class: 'device-view' },
      h(
        'div',
        { class: 'device' },
        desktop(message),
        notes.length > 0 && h('p', { class: 'device-note' }, `It ${notes.join(', and ')}.`),
      ),
      table(message),
    ),
    tabs(all, first.name, (name) => {
      remembered.tab = name;
    }),
  ];
}
