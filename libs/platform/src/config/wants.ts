import { getMetadataStorage } from 'class-validator';
import { type ConfigClass, type EnvProperty } from './env';

interface Rule {
  name: string;
  constraints: readonly unknown[];
  message?: string;
}

const KIND_WORDS: Record<EnvProperty['kind'], string> = {
  string: 'a text',
  number: 'a number',
  boolean: 'true or false',
  list: 'a comma separated list',
};

/** Nouns: what the value is. The first that applies is used. */
const NOUNS: Record<string, (constraints: readonly unknown[]) => string> = {
  isIn: ([values]) => `one of ${(values as unknown[]).join(', ')}`,
  isInt: () => 'an integer',
  isUrl: ([options]) => `a ${protocols(options)} URL`,
  isEmail: () => 'an e-mail address',
};

/** What a variable wants, in words that complete "wants …"; made from its class-validator decorators. */
export function wantsOf(cls: ConfigClass, env: EnvProperty): string {
  const rules = rulesOf(cls, env.property);
  const own = rules.map((rule) => rule.message).filter((message) => message !== undefined);
  if (own.length > 0) return own.map((message) => message.replace(/^must be /, '')).join(' and ');
  const noun = rules.map((rule) => NOUNS[rule.name]?.(rule.constraints)).find((word) => word !== undefined);
  const unit = env.kind === 'number' && env.name.endsWith('_MS') ? ' of milliseconds' : '';
  return `${noun ?? KIND_WORDS[env.kind]}${unit}${range(rules)}`;
}

/** Whether `@IsOptional()` stands on the property. */
export function isOptional(cls: ConfigClass, property: string): boolean {
  return metadataOf(cls, property).some((metadata) => metadata.type === 'conditionalValidation');
}

function rulesOf(cls: ConfigClass, property: string): Rule[] {
  return metadataOf(cls, property)
    .filter((metadata) => metadata.type === 'customValidation')
    .map((metadata) => ({
      name: metadata.name ?? '',
      constraints: metadata.constraints ?? [],
      message: typeof metadata.message === 'string' ? metadata.message : undefined,
    }));
}

function metadataOf(cls: ConfigClass, property: string) {
  return getMetadataStorage()
    .getTargetValidationMetadatas(cls, '', false, false)
    .filter((metadata) => metadata.propertyName === property);
}

function range(rules: Rule[]): string {
  const first = (name: string) => rules.find((rule) => rule.name === name)?.constraints[0];
  const [min, max] = [first('min'), first('max')];
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  if (max !== undefined) return ` of at most ${max}`;
  const shortest = first('minLength');
  return shortest === undefined ? '' : ` of at least ${shortest} characters`;
}

function protocols(options: unknown): string {
  const list = (options as { protocols?: string[] } | undefined)?.protocols ?? ['http', 'https'];
  return list.map((protocol) => `${protocol}://`).join(' or ');
}
