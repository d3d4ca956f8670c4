import { h } from './dom.js';
import { facts } from './facts.js';
import { fullTime, plural } from './format.js';
import { statusChip } from './list.js';

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Web addresses in the text become links, as phones show them. */
function linked(text) {
  return text.split(/(https?:\/\/[^\s]+)/).map((part, index) => {
    if (index % 2 === 0) return part;
    return h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, part);
  });
}

function phone(message) {
  const failed = ['undelivered', 'failed'].includes(message.status);
  const time = CLOCK.format(new Date(message.receivedAt));
  return h(
    'div',
    { class: 'phone' },
    h(
      'div',
      { class: 'phone-top', 'aria-hidden': 'true' },
      h('span', {}, time),
      h('span', { class: 'phone-notch' }),
    ),
    h(
      'div',
      { class: 'phone-sender' },
      h(
        'span',
        { class: 'phone-avatar', 'aria-hidden': 'true' },
        message.from.replace(/^\+/, '').slice(0, 1).toUpperCase(),
      ),
      h('strong', {}, message.from),
    ),
    h(
      'div',
      { class: 'phone-screen' },
      h('p', { class: 'phone-time' }, `Text message · ${time}`),
      h('p', { class: `bubble ${failed ? 'lost' : ''}` }, ...linked(message.text || '(no text)')),
      ...message.mediaUrls.map((url) => h('p', { class: 'bubble' }, ...linked(url))),
      failed && h('p', { class: 'phone-time' }, 'The phone never got this one.'),
    ),
  );
}

function statusLine({ status, errorCode, errorMessage }) {
  const error = errorCode === null ? '' : ` ${errorCode}${errorMessage ? `: ${errorMessage}` : ''}`;
  return h('span', { class: 'status-line' }, statusChip(status), error);
}

export function smsView(message) {
  const { units, encoding, segments } = message;
  return [
    h('h2', { class: 'detail-title' }, `SMS to ${message.to}`),
    h(
      'div',
      { class: 'device-view' },
      phone(message),
      facts([
        ['Status', statusLine(message)],
        ['Segments', `${plural(segments, 'segment')} · ${encoding}, ${plural(units, 'unit')}`],
        ['From', message.from],
        ['To', message.to],
        ['Received', fullTime(message.receivedAt)],
        ['SID', h('code', {}, message.sid)],
        ['Status callback', message.statusCallback && h('code', {}, message.statusCallback)],
      ]),
    ),
  ];
}
