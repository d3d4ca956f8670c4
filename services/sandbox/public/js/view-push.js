import { messagesTo } from './api.js';
import { attempt } from './attempt.js';
import { copyButton } from './code-block.js';
import { h } from './dom.js';
import { code, facts } from './facts.js';
import { duration, fullTime } from './format.js';
import { jsonView } from './json-view.js';
import { statusChip } from './list.js';
import { lockScreen } from './lock-screen.js';
import { linkOrText } from './picture.js';
import { tabs } from './tabs.js';

const PROVIDERS = { fcm: 'FCM', apns: 'APNs' };
const PLATFORMS = { ios: 'iOS', android: 'Android' };
const MOST_LOOKED_AT = 20;
const MOST_EARLIER = 3;

/** What a phone shows once: a later notification of the same key takes the place of an earlier one. */
function placeOf({ platform, tag, collapseKey }) {
  return platform === 'android' ? tag : collapseKey;
}

const sameGroup = (one, other) => (one.threadId ?? null) === (other.threadId ?? null);

/** Adds the earlier notifications of the group that are still on the phone, or says that this one is not any more. */
async function addOthers(message, screen, note) {
  const all = await messagesTo({ channel: 'push', to: message.to, limit: MOST_LOOKED_AT });
  const shown = all.filter(({ status }) => status === 'shown');
  const at = shown.findIndex(({ id }) => id === message.id);
  if (at === -1) return;
  const place = placeOf(message);
  if (place && shown.slice(0, at).some((later) => placeOf(later) === place)) {
    note.textContent = 'A later notification has taken the place of this one on the phone.';
  }
  const earlier = shown
    .slice(at + 1)
    .filter((one) => sameGroup(one, message) && !(place && placeOf(one) === place));
  screen.addEarlier(earlier.slice(0, MOST_EARLIER), Math.max(0, earlier.length - MOST_EARLIER));
}

function titleOf({ status, title, body }) {
  if (status === 'silent') return 'Silent push';
  return title || body || '(no text)';
}

function ttlOf({ ttlSeconds }) {
  if (ttlSeconds === null || ttlSeconds === undefined) return null;
  return ttlSeconds === 0 ? 'now or never' : duration(ttlSeconds);
}

function table(message) {
  return facts([
    ['Status', statusChip(message.status)],
    ['Platform', PLATFORMS[message.platform]],
    ['Provider', PROVIDERS[message.provider]],
    [message.provider === 'apns' ? 'Topic' : 'Project', code(message.from)],
    ['Token', code(message.to)],
    ['Received', fullTime(message.receivedAt)],
    ['Message id', code(message.messageId)],
    ['Priority', message.priority],
    ['Time to live', ttlOf(message)],
    ['Expires', message.expiresAt && fullTime(message.expiresAt)],
    ['Collapse key', code(message.collapseKey)],
    ['Interruption', message.interruptionLevel],
    ['Sound', code(message.sound)],
    ['Badge', message.badge?.toString()],
    ['Category', code(message.category)],
    ['Thread', code(message.threadId)],
    ['Channel id', code(message.channelId)],
    ['Icon', code(message.icon)],
    ['Colour', code(message.color)],
    ['Tag', code(message.tag)],
    ['Click opens', linkOrText(message.clickAction)],
    ['Image', linkOrText(message.image)],
  ]);
}

const json = (value, label) =>
  h('div', { class: 'code-block' }, jsonView(value, label), copyButton(JSON.stringify(value, null, 2)));

/** A push message as the lock screen of its phone shows it. */
export function pushView(message, remembered) {
  const screen = lockScreen(message);
  const note = h('p', { class: 'device-note', role: 'status' });
  if (message.status !== 'silent') attempt(() => addOthers(message, screen, note));
  const hasData = Object.keys(message.data ?? {}).length > 0;
  const all = [
    { name: 'payload', label: 'Payload', panel: () => json(message.payload, 'Payload as JSON') },
    hasData && { name: 'data', label: 'Data for the app', panel: () => json(message.data, 'Data as JSON') },
  ].filter(Boolean);
  const first = all.find(({ name }) => name === remembered.tab) ?? all[0];
  return [
    h('h2', { class: 'detail-title' }, titleOf(message)),
    h('div', { class: 'device-view' }, h('div', { class: 'device' }, screen.element, note), table(message)),
    tabs(all, first.name, (name) => {
      remembered.tab = name;
    }),
  ];
}
