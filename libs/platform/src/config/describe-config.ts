import { type ConfigClass, envProperties, nestedProperties } from './env';
import { isOptional, wantsOf } from './wants';

/** One variable, as docs/configuration.md shows it. */
export interface ConfigRow {
  name: string;
  wants: string;
  required: boolean;
  secret: boolean;
  description: string;
  default?: string;
  example?: string;
}

export interface ConfigSection {
  title: string;
  intro?: string;
  cls: ConfigClass;
}

/** Every variable of a config class, nested ones included, each name once. */
export function describeConfig(cls: ConfigClass): ConfigRow[] {
  const rows = new Map<string, ConfigRow>();
  for (const nested of nestedProperties(cls)) {
    for (const row of describeConfig(nested.cls())) rows.set(row.name, row);
  }
  for (const env of envProperties(cls)) {
    rows.set(env.name, {
      name: env.name,
      wants: wantsOf(cls, env),
      required: env.default === undefined && !isOptional(cls, env.property),
      secret: env.secret ?? false,
      description: env.description,
      default: env.default === undefined ? undefined : String(env.default),
      example: env.example,
    });
  }
  return [...rows.values()];
}

/** The tables of docs/configuration.md: one section per class, in the order given. */
export function renderConfigMarkdown(sections: ConfigSection[]): string {
  return `${sections.map(renderSection).join('\n\n')}\n`;
}

function renderSection({ title, intro, cls }: ConfigSection): string {
  const lines = [`## ${title}`, ''];
  if (intro) lines.push(intro, '');
  lines.push(
    '| variable | default | wants | what it is |',
    '|---|---|---|---|',
    ...describeConfig(cls).map(renderRow),
  );
  return lines.join('\n');
}

function renderRow(row: ConfigRow): string {
  const name = `\`${row.name}\`${row.secret ? ` (secret; or \`${row.name}_FILE\`)` : ''}`;
  const fallback = row.required ? '**required**' : row.default ? `\`${row.default}\`` : '';
  const example = row.example ? ` E.g. \`${row.example}\`.` : '';
  return `| ${[name, fallback, row.wants, row.description + example].map(escapeCell).join(' | ')} |`;
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
