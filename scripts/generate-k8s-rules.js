/**
 * Writes the PrometheusRule of k8s/ from ops/prometheus/rules.yml: a PrometheusRule's spec is what a rule file holds, and
 * kustomize cannot put a file's content into one. `--check` writes nothing and fails when it is not current.
 */
const { existsSync, readFileSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { parse, stringify } = require('yaml');

const root = join(__dirname, '..');
const source = 'ops/prometheus/rules.yml';
const target = 'k8s/components/prometheus-operator/prometheus-rule.yaml';

function prometheusRule(rules) {
  const manifest = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'herald' },
    spec: parse(rules),
  };
  const head = `# Made from ${source} by scripts/generate-k8s-rules.js; do not edit.\n`;
  // kustomize adds line breaks to folded texts, and leaves literal ones alone.
  return head + stringify(manifest, { blockQuote: 'literal', lineWidth: 0 });
}

const made = prometheusRule(readFileSync(join(root, source), 'utf8'));
const path = join(root, target);
if (!process.argv.includes('--check')) writeFileSync(path, made);
else if (!existsSync(path) || readFileSync(path, 'utf8') !== made) {
  process.stderr.write(`${target} is not current: run node scripts/generate-k8s-rules.js\n`);
  process.exitCode = 1;
}
