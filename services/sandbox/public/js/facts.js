import { h } from './dom.js';

/** A list of names and values; a value may be a node. Values that are null are left out. */
export function facts(entries) {
  const shown = entries.filter(([, value]) => value !== null && value !== undefined && value !== '');
  return h(
    'dl',
    { class: 'facts' },
    ...shown.map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value))),
  );
}

/** A value as code; null for one that is not there. */
export const code = (value) =>
  value === null || value === undefined || value === '' ? null : h('code', {}, value);

/** Headers as a table, one line per value. */
export function headerTable(headers) {
  const lines = Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
  const rows = lines.map(([name, value]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, String(value))),
  );
  return h('div', { class: 'table-wrap' }, h('table', { class: 'header-table' }, h('tbody', {}, ...rows)));
}
