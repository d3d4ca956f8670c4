import { readFileSync } from 'node:fs';
import { validateSync } from 'class-validator';
import { type ConfigClass, type EnvProperty, envProperties, nestedProperties } from './env';
import { parseValue } from './parse-value';
import { isOptional, wantsOf } from './wants';

export type Environment = Record<string, string | undefined>;

/** What a config class may say about values that are fine alone but not together. */
export interface ConfigCheck {
  errors?: string[];
  warnings?: string[];
}

/** Everything that is wrong with a configuration; the message lists it one per line. */
export class ConfigError extends Error {
  constructor(readonly errors: readonly string[]) {
    super(`The configuration has ${errors.length} error(s):\n${errors.map((e) => `  - ${e}`).join('\n')}`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads a config class from environment variables. An empty variable counts as missing (as `${X:-}` in a compose file
 * leaves it). A secret may be given by file: `<NAME>_FILE`.
 * @throws ConfigError with all errors at once, secrets hidden
 */
export function loadConfig<T extends object>(cls: ConfigClass<T>, env: Environment): T {
  const errors: string[] = [];
  const config = load(cls, env, errors);
  if (errors.length > 0) throw new ConfigError([...new Set(errors)]);
  return config as T;
}

/** Warnings of the class and of every nested one, for the log. */
export function configWarnings(config: object): string[] {
  const nested = nestedProperties(config.constructor as ConfigClass).flatMap(({ property }) =>
    configWarnings((config as Record<string, object>)[property] as object),
  );
  return [...nested, ...(checkOf(config).warnings ?? [])];
}

function load(cls: ConfigClass, env: Environment, errors: string[]): object {
  const before = errors.length;
  const config = new cls() as Record<string, unknown>;
  for (const { property, cls: nested } of nestedProperties(cls)) {
    config[property] = load(nested(), env, errors);
  }
  const properties = envProperties(cls);
  const texts = new Map<string, string>();
  for (const property of properties) readProperty(cls, property, env, config, texts, errors);
  validateInto(cls, config, properties, texts, errors);
  // The check may rely on every value being good, so it waits until they are.
  if (errors.length === before) errors.push(...(checkOf(config).errors ?? []));
  return config;
}

function readProperty(
  cls: ConfigClass,
  property: EnvProperty,
  env: Environment,
  config: Record<string, unknown>,
  texts: Map<string, string>,
  errors: string[],
): void {
  const read = readText(property, env);
  if ('error' in read) {
    errors.push(read.error);
    return;
  }
  if (read.text === undefined) {
    if (property.default !== undefined) config[property.property] = property.default;
    else if (!isOptional(cls, property.property))
      errors.push(`${property.name}: is not set, ${wants(cls, property)}`);
    return;
  }
  const value = parseValue(property.kind, read.text);
  if (value === undefined) errors.push(complaint(cls, property, read.text));
  else {
    config[property.property] = value;
    texts.set(property.property, read.text);
  }
}

function readText(property: EnvProperty, env: Environment): { text?: string } | { error: string } {
  const direct = env[property.name] || undefined;
  const fileName = `${property.name}_FILE`;
  const path = property.secret ? env[fileName] || undefined : undefined;
  if (path === undefined) return { text: direct };
  if (direct !== undefined)
    return { error: `${property.name}: is set together with ${fileName}, wants one of the two` };
  try {
    return { text: readFileSync(path, 'utf8').replace(/\r?\n$/, '') || undefined };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
    return { error: `${fileName}: got "${path}" (${code}), wants a file that can be read` };
  }
}

function validateInto(
  cls: ConfigClass,
  config: object,
  properties: EnvProperty[],
  texts: ReadonlyMap<string, string>,
  errors: string[],
): void {
  for (const failure of validateSync(config, { forbidUnknownValues: false })) {
    const property = properties.find((p) => p.property === failure.property);
    const value = (config as Record<string, unknown>)[failure.property];
    // Missing and unparsable variables have been reported already.
    if (!property || value === undefined) continue;
    errors.push(complaint(cls, property, texts.get(property.property) ?? String(value)));
  }
}

function complaint(cls: ConfigClass, property: EnvProperty, text: string): string {
  const got = property.secret ? `a hidden value of ${text.length} characters` : JSON.stringify(text);
  return `${property.name}: got ${got}, ${wants(cls, property)}`;
}

function wants(cls: ConfigClass, property: EnvProperty): string {
  return `wants ${wantsOf(cls, property)}${property.example ? `, such as ${property.example}` : ''}`;
}

function checkOf(config: object): ConfigCheck {
  return (config as { check?: () => ConfigCheck }).check?.() ?? {};
}
