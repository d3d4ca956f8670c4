/** What a PromQL expression names. */
export interface Named {
  /** Each selector: the metric and the labels that it matches. */
  metrics: { name: string; labels: string[] }[];
  /** The labels in `by`, `without`, `on`, `ignoring` and `group_left`. */
  grouping: string[];
}

const WORDS = new Set([
  'and',
  'or',
  'unless',
  'bool',
  'offset',
  'inf',
  'nan',
  'by',
  'without',
  'on',
  'ignoring',
]);
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const SELECTOR = /([a-zA-Z_:][\w:]*)\s*(\(|\{([^}]*)\})?/g;
const MATCHER = /([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)/g;

/**
 * Finds the metrics and labels of an expression. No parser: it knows as much of PromQL as the rules and dashboards of this
 * repository use, and what it does not know it takes for a metric, which is then found missing.
 */
export function readExpression(expr: string): Named {
  const bare = expr.replace(/"(?:[^"\\]|\\.)*"/g, '""');
  const grouping = [...bare.matchAll(GROUPING)].flatMap(([, labels = '']) => labels.match(/\w+/g) ?? []);
  const rest = bare.replace(GROUPING, ' ').replace(/\[[^\]]*\]|\boffset\s+\w+/g, ' ');
  const metrics = [...rest.matchAll(SELECTOR)]
    .filter(([, name = '', after]) => after !== '(' && !WORDS.has(name.toLowerCase()))
    .map(([, name = '', , matchers = '']) => ({
      name,
      labels: [...matchers.matchAll(MATCHER)].map((match) => match[1] as string),
    }));
  return { metrics, grouping };
}
