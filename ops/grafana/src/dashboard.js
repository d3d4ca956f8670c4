const { DATASOURCE } = require('./datasource');

/** Of Grafana's grid. */
const COLUMNS = 24;

/** A choice from the values that a label has, all of them to begin with. */
exports.choice = (name, label, query) => ({
  name,
  label,
  type: 'query',
  datasource: DATASOURCE,
  definition: query,
  query: { query, refId: `choice-${name}` },
  refresh: 2,
  sort: 1,
  multi: true,
  includeAll: true,
  allValue: '.*',
  current: { text: ['All'], value: ['$__all'] },
  hide: 0,
});

/**
 * @param uid ends the address of the dashboard and never changes
 * @param rows each has a title and panels, which flow from left to right
 * @param choices variables beside the data source
 */
exports.dashboard = ({ uid, title, description, rows, choices = [] }) => ({
  uid,
  title,
  description,
  tags: ['herald'],
  timezone: 'browser',
  editable: false,
  graphTooltip: 1,
  schemaVersion: 39,
  refresh: '30s',
  time: { from: 'now-6h', to: 'now' },
  templating: { list: [dataSource(), ...choices] },
  annotations: { list: [] },
  links: [
    {
      type: 'dashboards',
      title: 'Herald',
      tags: ['herald'],
      asDropdown: true,
      includeVars: false,
      keepTime: true,
      targetBlank: false,
    },
  ],
  panels: place(rows),
});

function dataSource() {
  return {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
    refresh: 1,
    hide: 0,
  };
}

function place(rows) {
  const placed = [];
  let y = 0;
  const add = (panel, gridPos) => placed.push({ id: placed.length + 1, ...panel, gridPos });
  for (const { title, panels } of rows) {
    add({ type: 'row', title, collapsed: false, panels: [] }, { x: 0, y, w: COLUMNS, h: 1 });
    y += 1;
    let [x, tallest] = [0, 0];
    for (const { w, h, ...panel } of panels) {
      if (x + w > COLUMNS) [x, y, tallest] = [0, y + tallest, 0];
      add(panel, { x, y, w, h });
      x += w;
      tallest = Math.max(tallest, h);
    }
    y += tallest;
  }
  return placed;
}
