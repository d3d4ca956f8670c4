/** Panels in the words of the dashboards beside this file: `w` and `h` in cells of Grafana's grid of 24 columns. */
const { DATASOURCE } = require('./datasource');

const COLOURS = { page: 'red', ticket: 'orange' };

/**
 * Curves over time.
 * @param panel title, description (what to look for), unit (Grafana's id), queries ([expression, legend] each), limits (from
 *   limits.js; `below` when the alert calls for less instead of more), w, h, max
 */
exports.curves = ({ limits = [], below = false, max, stack = false, ...panel }) => ({
  ...common(panel, limits, below),
  type: 'timeseries',
  h: panel.h ?? 8,
  fieldConfig: {
    defaults: {
      unit: panel.unit,
      ...(below ? {} : { min: 0 }),
      ...(max === undefined ? {} : { max }),
      thresholds: thresholds(limits, below),
      custom: {
        drawStyle: 'line',
        lineWidth: 1,
        fillOpacity: stack ? 30 : 5,
        showPoints: 'never',
        spanNulls: false,
        stacking: { mode: stack ? 'normal' : 'none', group: 'A' },
        thresholdsStyle: { mode: limits.length > 0 ? 'dashed' : 'off' },
      },
    },
    overrides: [],
  },
  options: {
    legend: { displayMode: 'table', placement: 'bottom', showLegend: true, calcs: ['lastNotNull', 'max'] },
    tooltip: { mode: 'multi', sort: 'desc' },
  },
});

/** The newest figure of each query. `colours` are steps of its own ([from, colour]) where no alert gives them. */
exports.figures = ({ limits = [], below = false, colours, mappings = [], noValue, decimals, ...panel }) => ({
  ...common(panel, limits, below),
  type: 'stat',
  targets: targets(panel.queries).map(newest),
  h: panel.h ?? 5,
  fieldConfig: {
    defaults: {
      unit: panel.unit,
      mappings,
      ...(noValue === undefined ? {} : { noValue }),
      ...(decimals === undefined ? {} : { decimals }),
      thresholds: colours
        ? { mode: 'absolute', steps: colours.map(([value, color]) => ({ color, value })) }
        : thresholds(limits, below),
    },
    overrides: [],
  },
  options: {
    colorMode: limits.length > 0 || colours ? 'background' : 'value',
    graphMode: 'none',
    justifyMode: 'auto',
    orientation: 'auto',
    reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    textMode: 'auto',
  },
});

/** A table of the series of one instant query, with the labels that are named, in that order. */
exports.table = ({ columns, ...panel }) => ({
  ...common(panel, [], false),
  type: 'table',
  h: panel.h ?? 8,
  targets: targets(panel.queries).map((target) => ({ ...newest(target), format: 'table' })),
  fieldConfig: { defaults: { unit: panel.unit, custom: { align: 'auto' } }, overrides: [] },
  options: { showHeader: true, cellHeight: 'sm' },
  transformations: [
    { id: 'filterFieldsByName', options: { include: { names: columns } } },
    {
      id: 'organize',
      options: { indexByName: Object.fromEntries(columns.map((column, at) => [column, at])) },
    },
  ],
});

function common({ title, description, queries, w = 8 }, limits, below) {
  return {
    title,
    description: [description, ...limits.map((limit) => says(limit, below))].join(' '),
    w,
    datasource: DATASOURCE,
    targets: targets(queries),
  };
}

function targets(queries) {
  return queries.map(([expr, legendFormat], at) => ({
    refId: String.fromCharCode(65 + at),
    datasource: DATASOURCE,
    editorMode: 'code',
    expr,
    legendFormat,
    range: true,
  }));
}

function newest(target) {
  return { ...target, instant: true, range: false };
}

function says({ alert, value, severity }, below) {
  return `${below ? 'Below' : 'Above'} ${value} ${alert} calls (${severity}).`;
}

/** Green, then the colour of each limit that is passed; the other way round when less is worse. */
function thresholds(limits, below) {
  const steps = [...limits].sort((a, b) => a.value - b.value);
  if (!below) {
    const passed = steps.map(({ value, severity }) => ({ color: COLOURS[severity], value }));
    return { mode: 'absolute', steps: [{ color: 'green', value: null }, ...passed] };
  }
  const colours = [...steps.map(({ severity }) => COLOURS[severity]), 'green'];
  return {
    mode: 'absolute',
    steps: colours.map((color, at) => ({ color, value: at === 0 ? null : steps[at - 1].value })),
  };
}
