import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Metrics } from '@herald/platform';
import { parse } from 'yaml';
import { readExpression } from './read-expression';

const { LIMITS } = require('../ops/grafana/src/limits') as {
  LIMITS: Record<string, { alert: string; value: number; severity: string }>;
};

interface Rule {
  alert?: string;
  record?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}
interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string; legendFormat: string; datasource: unknown }[];
  fieldConfig?: { defaults: { unit?: string } };
}
interface Dashboard {
  uid: string;
  templating: { list: { name: string; definition?: string }[] };
  panels: Panel[];
}
interface RuleTest {
  alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[];
  promql_expr_test?: { expr: string; exp_samples: unknown[] }[];
}

const root = join(__dirname, '..');
const text = (path: string) => readFileSync(join(root, path), 'utf8');
const rules: Rule[] = parse(text('ops/prometheus/rules.yml')).groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);
const alerts = rules.filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined);
const tests: RuleTest[] = parse(text('ops/prometheus/rules.test.yml')).tests;
const folder = 'ops/grafana/dashboards';
const dashboards = readdirSync(join(root, folder)).map((name): [string, Dashboard] => [
  name,
  JSON.parse(text(`${folder}/${name}`)),
]);
const panels = dashboards.flatMap(([name, { panels }]) =>
  panels
    .filter(({ type }) => type !== 'row')
    .map((panel): [string, Panel] => [`${name}: ${panel.title}`, panel]),
);

/** What Prometheus itself says of targets and alerts, and the labels that it gives to all that it scrapes. */
const OF_PROMETHEUS = { up: [], ALERTS: ['alertname', 'alertstate', 'severity'] };
const OF_TARGETS = ['job', 'app', 'instance'];

/** Every metric with its labels: of docs/metrics.md, of prom-client, of Prometheus, and what rules record. */
function knownMetrics(): Map<string, Set<string>> {
  const known = new Map<string, Set<string>>();
  const add = (name: string, type: string, labels: readonly string[]) => {
    const all = new Set([...OF_TARGETS, ...labels]);
    const ends = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    for (const end of ends) known.set(name + end, end === '_bucket' ? new Set([...all, 'le']) : all);
  };
  for (const [, name, type, labels] of text('docs/metrics.md').matchAll(
    /^\| `(\w+)` \| (\w+) \| ([^|]*) \|/gm,
  ))
    add(
      name as string,
      type as string,
      [...(labels as string).matchAll(/`(\w+)`/g)].map((match) => match[1] as string),
    );
  for (const [, name, labels] of text('docs/metrics.md').matchAll(/`(herald_\w+)\{([\w,]+)\}`/g))
    add(name as string, 'gauge', (labels as string).split(','));
  for (const metric of defaults()) add(metric.name, metric.constructor.name.toLowerCase(), metric.labelNames);
  for (const [name, labels] of Object.entries(OF_PROMETHEUS)) add(name, 'gauge', labels);
  // A recorded metric has the labels of its level, which its name begins with.
  for (const { record } of rules)
    if (record) known.set(record, new Set((record.split(':')[0] as string).split('_')));
  return known;
}

function defaults() {
  const metrics = new Metrics();
  metrics.collectDefault();
  return metrics.registry.getMetricsAsArray() as unknown as { name: string; labelNames: string[] }[];
}

const known = knownMetrics();

/** What an expression names that does not exist. */
function unknownIn(expr: string): string[] {
  const { metrics, grouping } = readExpression(expr);
  const all = new Set(metrics.flatMap(({ name }) => [...(known.get(name) ?? [])]));
  return [
    ...metrics.filter(({ name }) => !known.has(name)).map(({ name }) => name),
    ...metrics.flatMap(({ name, labels }) =>
      labels.filter((label) => !known.get(name)?.has(label)).map((label) => `${name}{${label}}`),
    ),
    ...grouping.filter((label) => !all.has(label)).map((label) => `by (${label})`),
  ];
}

describe('the check itself', () => {
  it.each([
    ['sum by (chanel) (herald_queue_jobs)', ['by (chanel)']],
    ['rate(herald_queue_jobs{lain="bulk"}[5m]) > 1', ['herald_queue_jobs{lain}']],
    ['herald_job and on (lane) up offset 1h == 1', ['herald_job', 'by (lane)']],
    ['herald_accept_to_sent_seconds', ['herald_accept_to_sent_seconds']],
    ['nodejs_eventloop_lag_p98_seconds', ['nodejs_eventloop_lag_p98_seconds']],
  ])('finds what does not exist in %s', (expr, found) => expect(unknownIn(expr)).toEqual(found));
});

describe('rules', () => {
  it.each(rules.map((rule) => [rule.alert ?? rule.record, rule.expr]))(
    '%s names metrics and labels that exist, and no le by one spelling',
    (_name, expr) => {
      expect(unknownIn(expr as string)).toEqual([]);
      expect(expr).not.toMatch(/le="/);
    },
  );

  it.each(alerts.map((alert) => [alert.alert, alert] as const))(
    '%s says all that is needed',
    (_name, alert) => {
      const { summary = '', description = '', runbook = '' } = alert.annotations ?? {};
      expect(alert.alert === 'HeraldWatchdog' ? ['heartbeat'] : ['page', 'ticket']).toContain(
        alert.labels?.severity,
      );
      expect(summary.length).toBeGreaterThan(10);
      expect(description.length).toBeGreaterThan(10);
      const [page = '', anchor] = runbook.split('#');
      expect(page).toMatch(/^docs\/runbooks\/[\w-]+\.md$/);
      expect(existsSync(join(root, page))).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(text(page))).toContain(anchor);
    },
  );

  it.each(alerts.map(({ alert }) => [alert]))(
    '%s has a test in which it fires, and one in which it does not',
    (name) => {
      const cases = tests
        .flatMap((test) => test.alert_rule_test ?? [])
        .filter(({ alertname }) => alertname === name);
      expect(cases.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
      expect(cases.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
    },
  );

  it.each([...new Set(rules.flatMap(({ record }) => record ?? []))].map((record) => [record]))(
    '%s has a test of its figure',
    (record) => {
      const exprs = tests
        .flatMap((test) => test.promql_expr_test ?? [])
        .filter(({ exp_samples }) => exp_samples.length > 0);
      expect(exprs.flatMap(({ expr }) => readExpression(expr).metrics.map(({ name }) => name))).toContain(
        record,
      );
    },
  );

  it('are all in the table of the runbooks, with their severity and page', () => {
    const rows = [
      ...text('docs/runbooks/README.md').matchAll(
        /^\| (Herald[\w, ]+) \| (\w+) \| \[[\w-]+\]\((\S+)\) \|$/gm,
      ),
    ];
    const listed = rows.flatMap(([, names = '', severity, page]) =>
      names.split(', ').map((name) => [name, severity, `docs/runbooks/${page}`].join(' ')),
    );
    expect(listed.sort()).toEqual(
      alerts.map((a) => [a.alert, a.labels?.severity, a.annotations?.runbook].join(' ')).sort(),
    );
  });

  it('are those that Alertmanager has others wait for', () => {
    const { inhibit_rules = [] } = parse(text('ops/alertmanager/alertmanager.yml'));
    const matchers: string[] = inhibit_rules.flatMap((rule: Record<string, string[]>) => [
      ...(rule.source_matchers ?? []),
      ...(rule.target_matchers ?? []),
    ]);
    for (const [, names = ''] of matchers.join('\n').matchAll(/alertname=~?"([^"]+)"/g))
      expect([names, alerts.some(({ alert }) => new RegExp(`^(?:${names})$`).test(alert))]).toEqual([
        names,
        true,
      ]);
  });

  const promtool = spawnSync('promtool', ['--version']).error === undefined;
  (promtool ? it : it.skip)(
    `pass promtool${promtool ? '' : ' (it is not installed: apt-get install prometheus)'}`,
    () => {
      for (const args of [
        ['check', 'rules', 'rules.yml'],
        ['test', 'rules', 'rules.test.yml'],
      ]) {
        const run = spawnSync('promtool', args, { cwd: join(root, 'ops/prometheus'), encoding: 'utf8' });
        expect({ status: run.status, said: run.status === 0 ? '' : run.stdout + run.stderr }).toEqual({
          status: 0,
          said: '',
        });
      }
    },
    180_000,
  );
});

describe('dashboards', () => {
  it('are current', () => {
    const run = spawnSync('node', ['scripts/generate-dashboards.js', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status: run.status, said: run.stderr }).toEqual({ status: 0, said: '' });
  });

  it.each(dashboards)('%s has the shape that Grafana wants', (name, { uid, panels, templating }) => {
    expect(name).toBe(`${uid}.json`);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(overlaps(panels)).toEqual([]);
    const variables = new Set([...templating.list.map((variable) => variable.name), '__rate_interval']);
    const used = [...JSON.stringify(panels).matchAll(/\$(\w+)/g)].map((match) => match[1] as string);
    expect(used.filter((variable) => !variables.has(variable))).toEqual([]);
    for (const { definition } of templating.list) {
      const [, expr = 'up', label = 'job'] = /^label_values\((.*), (\w+)\)$/.exec(definition ?? '') ?? [];
      expect(unknownIn(`sum by (${label}) (${expr})`)).toEqual([]);
    }
  });

  it.each(panels)('%s names metrics and labels that exist and says what to look for', (_name, panel) => {
    const targets = panel.targets ?? [];
    expect(targets.length).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    expect(panel.description).toMatch(/\w.*\.$/);
    expect(panel.fieldConfig?.defaults.unit).toBeTruthy();
    for (const { expr, legendFormat } of targets) {
      expect(unknownIn(expr)).toEqual([]);
      const shown = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map((match) => match[1]);
      expect(unknownIn(`sum by (${shown.join(', ')}) (${expr})`)).toEqual([]);
    }
  });

  it.each(Object.entries(LIMITS))(
    'the line %s is where its alert begins',
    (_name, { alert, value, severity }) => {
      const rule = alerts.find((rule) => rule.alert === alert);
      expect(rule?.labels?.severity).toBe(severity);
      expect(rule?.expr).toMatch(new RegExp(`(>|>=|<) \\(?${String(value).replace('.', '\\.')}(?![\\d.])`));
    },
  );
});

/** The anchors that a page of Markdown has for its headings. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

function overlaps(panels: readonly Panel[]): string[] {
  return panels.flatMap((one, at) =>
    panels.slice(at + 1).flatMap((other) => {
      const [a, b] = [one.gridPos, other.gridPos];
      const apart = a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y;
      return apart && a.x + a.w <= 24 ? [] : [`${one.title} and ${other.title}`];
    }),
  );
}
