/**
 * Writes the Grafana dashboards of ops/grafana/dashboards from their source in ops/grafana/src. `--check` writes nothing
 * and fails when one is not current.
 */
const { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { join } = require('node:path');
const { DASHBOARDS } = require('../ops/grafana/src/dashboards');

const folder = join(__dirname, '../ops/grafana/dashboards');
const LINE_WIDTH = 110;

/** JSON as the formatter of this repository leaves it: short lists of plain values on one line. */
function json(value) {
  const lines = JSON.stringify(value, null, 2);
  const short = lines.replace(/^(.*)\[\n([^[\]{}]*?)\n\s*\](,?)$/gm, (all, before, items, after) => {
    const line = `${before}[${items.trim().replace(/,\n\s*/g, ', ')}]${after}`;
    return line.length <= LINE_WIDTH ? line : all;
  });
  return `${short}\n`;
}

function main() {
  const check = process.argv.includes('--check');
  const wanted = new Map(DASHBOARDS.map((dashboard) => [`${dashboard.uid}.json`, json(dashboard)]));
  mkdirSync(folder, { recursive: true });
  const stale = [...wanted].filter(([name, text]) => {
    const file = join(folder, name);
    return !existsSync(file) || readFileSync(file, 'utf8') !== text;
  });
  const extra = readdirSync(folder).filter((name) => !wanted.has(name));
  if (!check) {
    for (const [name, text] of stale) writeFileSync(join(folder, name), text);
    for (const name of extra) rmSync(join(folder, name));
    return;
  }
  for (const name of [...stale.map(([stale]) => stale), ...extra])
    process.stderr.write(
      `ops/grafana/dashboards/${name} is not current: run \`node scripts/generate-dashboards.js\`\n`,
    );
  if (stale.length + extra.length > 0) process.exit(1);
}

main();
