import Ajv2020, { type ErrorObject, type ValidateFunction } from 'ajv/dist/2020';
import { LIMITS } from '../limits';
import { type FieldError } from '../problem';
import { type DtoClass } from '../route';
import { FORMATS, type FormatName } from './formats';
import { holdsInheritedName } from './inherited-names';
import { jsonDepth } from './json-depth';
import { dtoSchemas } from './schema';

/**
 * Checks a value; returns nothing when it is good, else every problem with its JSON pointer. Of one that holds more than
 * `maxDescribed` values only the first problem is told: a list of 500,000 wrong items would take seconds to describe,
 * and everybody else waits for that.
 */
export type CompiledValidator = (value: unknown, maxDescribed?: number) => FieldError[] | undefined;

const MAX_DESCRIBED = 10_000;

/**
 * Compiles the schema of a DTO for the hot path: it accepts and refuses exactly what class-validator does with the same
 * class (a test holds both against one corpus), at a small part of its cost.
 */
export function compileValidator(dto: DtoClass): CompiledValidator {
  const first = compile(dto, false);
  const all = compile(dto, true);
  return (value, maxDescribed = MAX_DESCRIBED) => {
    if (first(value)) return undefined;
    const validate = holdsMoreValuesThan(maxDescribed, value) ? first : all;
    validate(value);
    return (validate.errors ?? []).flatMap(toFieldError);
  };
}

function compile(dto: DtoClass, allErrors: boolean): ValidateFunction {
  const ajv = new Ajv2020({ allErrors, strict: false, ownProperties: true });
  for (const [name, format] of Object.entries(FORMATS)) {
    ajv.addFormat(name, { type: 'string', validate: format.check });
  }
  ajv.addKeyword({
    keyword: 'x-max-depth',
    type: 'object',
    validate: (max: number, value: unknown) => jsonDepth(value) <= max,
  });
  ajv.addKeyword({
    keyword: 'x-inherited-names',
    type: 'object',
    validate: (allowed: boolean, value: unknown) => allowed || !holdsInheritedName(value),
  });
  return ajv.compile({
    $ref: `#/components/schemas/${dto.name}`,
    components: { schemas: dtoSchemas() },
  });
}

/** Whether a JSON value holds more than so many others, at any depth. Iterative, as bodies may be nested deeply. */
export function holdsMoreValuesThan(max: number, value: unknown): boolean {
  const open: unknown[] = [value];
  let count = 0;
  while (open.length > 0) {
    const item = open.pop();
    if (typeof item !== 'object' || item === null) continue;
    for (const child of Object.values(item)) {
      count += 1;
      if (count > max) return true;
      open.push(child);
    }
  }
  return false;
}

function toFieldError(error: ErrorObject): FieldError[] {
  // The keyword only repeats what was wrong with a name; that error carries the name.
  if (error.keyword === 'propertyNames') return [];
  const at = error.propertyName
    ? `${error.instancePath}/${escapePointer(error.propertyName)}`
    : error.instancePath;
  // biome-ignore lint/suspicious/noExplicitAny: ajv's parameters differ per keyword
  const params = error.params as Record<string, any>;
  if (error.keyword === 'required')
    return [{ pointer: `${at}/${params.missingProperty}`, detail: 'is required' }];
  if (error.keyword === 'additionalProperties') {
    return [{ pointer: `${at}/${escapePointer(params.additionalProperty)}`, detail: 'is not a known field' }];
  }
  return [{ pointer: at, detail: WANTS[error.keyword]?.(params) ?? error.message ?? 'is not valid' }];
}

/** What each keyword wants, in words. */
// biome-ignore lint/suspicious/noExplicitAny: as above
const WANTS: Record<string, (params: Record<string, any>) => string> = {
  format: ({ format }) => `must be ${FORMATS[format as FormatName].wants}`,
  enum: ({ allowedValues }) => `must be one of ${allowedValues.join(', ')}`,
  type: ({ type }) => `must be ${withArticle(type)}`,
  minLength: ({ limit }) => `must have at least ${limit} character${plural(limit)}`,
  maxLength: ({ limit }) => `must have at most ${limit} characters`,
  minItems: ({ limit }) => `must have at least ${limit} item${plural(limit)}`,
  maxItems: ({ limit }) => `must have at most ${limit} items`,
  maxProperties: ({ limit }) => `must have at most ${limit} entries`,
  uniqueItems: () => 'must not repeat an item',
  'x-max-depth': () => `must be nested at most ${LIMITS.jsonDepth} levels deep`,
  'x-inherited-names': () => 'must not use names that every object has, such as "constructor"',
};

/** A name as one segment of a JSON pointer (RFC 6901). */
export function escapePointer(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

function withArticle(type: string): string {
  return type === 'array' ? 'a list' : type === 'object' || type === 'integer' ? `an ${type}` : `a ${type}`;
}

function plural(count: number): string {
  return count === 1 ? '' : 's';
}
