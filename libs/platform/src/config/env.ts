import 'reflect-metadata';

export type EnvKind = 'string' | 'number' | 'boolean' | 'list';
export type EnvValue = string | number | boolean | readonly string[];

export interface EnvOptions {
  /** One sentence for docs/configuration.md. */
  description: string;
  /** Used when the variable is missing or empty; without one the variable is required unless `@IsOptional()`. */
  default?: EnvValue;
  example?: string;
  /** Never shown; may also be given as a file named by `<NAME>_FILE`. */
  secret?: boolean;
  /** Needed only where the property's type says too little (a union from another file). */
  kind?: EnvKind;
}

export interface EnvProperty extends EnvOptions {
  name: string;
  property: string;
  kind: EnvKind;
}

export interface NestedProperty {
  property: string;
  cls: () => ConfigClass;
}

export type ConfigClass<T extends object = object> = new () => T;

const ENV_KEY = Symbol('herald:env');
const NESTED_KEY = Symbol('herald:nested');

/** Binds a property of a config class to an environment variable. What is allowed is said by class-validator decorators. */
export function Env(name: string, options: EnvOptions): PropertyDecorator {
  return (target, property) => {
    const designType = Reflect.getMetadata('design:type', target, property);
    const kind = options.kind ?? kindOf(designType, options.default);
    if (!kind) throw new Error(`@Env('${name}'): the property's type is not clear, pass \`kind\``);
    add(ENV_KEY, target, { ...options, name, property: String(property), kind } satisfies EnvProperty);
  };
}

/** Makes another config class part of this one; its variables keep their names. */
export function Nested(cls: () => ConfigClass): PropertyDecorator {
  return (target, property) => {
    add(NESTED_KEY, target, { property: String(property), cls } satisfies NestedProperty);
  };
}

/** The variables of a class itself and of its bases, bases first; a redeclared property replaces the base's. */
export function envProperties(cls: ConfigClass): EnvProperty[] {
  return collect<EnvProperty>(ENV_KEY, cls);
}

export function nestedProperties(cls: ConfigClass): NestedProperty[] {
  return collect<NestedProperty>(NESTED_KEY, cls);
}

function kindOf(designType: unknown, example: EnvValue | undefined): EnvKind | undefined {
  if (designType === String || typeof example === 'string') return 'string';
  if (designType === Number || typeof example === 'number') return 'number';
  if (designType === Boolean || typeof example === 'boolean') return 'boolean';
  if (designType === Array || Array.isArray(example)) return 'list';
  return undefined;
}

function add(key: symbol, target: object, entry: object): void {
  const own: object[] = Reflect.getOwnMetadata(key, target) ?? [];
  Reflect.defineMetadata(key, [...own, entry], target);
}

function collect<T extends { property: string }>(key: symbol, cls: ConfigClass): T[] {
  const found = new Map<string, T>();
  for (const prototype of prototypeChain(cls.prototype)) {
    for (const entry of (Reflect.getOwnMetadata(key, prototype) as T[] | undefined) ?? []) {
      found.set(entry.property, entry);
    }
  }
  return [...found.values()];
}

function prototypeChain(prototype: object): object[] {
  const chain: object[] = [];
  for (let p: object | null = prototype; p && p !== Object.prototype; p = Object.getPrototypeOf(p)) {
    chain.unshift(p);
  }
  return chain;
}
