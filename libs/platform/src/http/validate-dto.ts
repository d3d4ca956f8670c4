import { type DtoClass, escapePointer, type FieldError } from '@herald/contracts';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError, validateSync } from 'class-validator';
import { jsonShapeErrors } from './json-shape';

export type DtoResult<T> = { ok: true; value: T } | { ok: false; errors: FieldError[] };

/** Constraints that say what type is wanted: when one fails, the others of the same field say nothing more. */
const TYPE_CONSTRAINTS = [
  'isArray',
  'isObject',
  'isString',
  'isBoolean',
  'isNumber',
  'isInt',
  'nestedValidation',
];

/**
 * A JSON value as an instance of a DTO class, or everything that is wrong with it by JSON pointer. Unknown fields are
 * refused, and so are the names that every object inherits (`__proto__`, `constructor`, `toString` …), at any depth:
 * the transformer would drop them silently.
 * @param prefix put before each pointer, such as `/query`
 */
export function validateDto<T extends object>(cls: DtoClass<T>, value: unknown, prefix = ''): DtoResult<T> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { ok: false, errors: [{ pointer: prefix, detail: 'must be an object' }] };
  }
  const shape = jsonShapeErrors(value, prefix);
  if (shape.length > 0) return { ok: false, errors: shape };
  const instance = plainToInstance(cls, value) as T;
  const failures = validateSync(instance, { whitelist: true, forbidNonWhitelisted: true });
  const errors = [...nestingErrors(instance, prefix), ...failures.flatMap((f) => fieldErrors(f, prefix))];
  return errors.length === 0 ? { ok: true, value: instance } : { ok: false, errors: withoutRepeats(errors) };
}

function fieldErrors(failure: ValidationError, prefix: string): FieldError[] {
  const pointer = failure.property === undefined ? prefix : `${prefix}/${escapePointer(failure.property)}`;
  const own = failure.constraints ? [{ pointer, detail: detailOf(failure, failure.constraints) }] : [];
  return [...own, ...(failure.children ?? []).flatMap((child) => fieldErrors(child, pointer))];
}

function detailOf(failure: ValidationError, constraints: Record<string, string>): string {
  if ('whitelistValidation' in constraints) return 'is not a known field';
  if (failure.value === undefined) return 'is required';
  const type = TYPE_CONSTRAINTS.find((name) => name in constraints);
  if (type === 'nestedValidation') return 'must be an object';
  const messages = type ? [constraints[type] as string] : Object.values(constraints);
  return messages.map((message) => withoutName(message, failure.property)).join(' and ');
}

/** class-validator's own messages begin with the property's name, which the pointer says already. */
function withoutName(message: string, property: string): string {
  const each = `each value in ${property} `;
  if (message.startsWith(each)) return `each item ${message.slice(each.length)}`;
  return message.startsWith(`${property} `) ? message.slice(property.length + 1) : message;
}

/** class-validator takes a list where one nested object is wanted, and lists within lists; neither is what a DTO says. */
function nestingErrors(instance: object, prefix: string): FieldError[] {
  const nested = getMetadataStorage()
    .getTargetValidationMetadatas(instance.constructor, '', false, false)
    .filter((metadata) => metadata.type === 'nestedValidation');
  return nested.flatMap(({ propertyName, each }) => {
    const value = (instance as Record<string, unknown>)[propertyName];
    const pointer = `${prefix}/${escapePointer(propertyName)}`;
    if (!each || !Array.isArray(value)) return objectErrors(value, pointer);
    return value.flatMap((item, index) => objectErrors(item, `${pointer}/${index}`));
  });
}

function objectErrors(value: unknown, pointer: string): FieldError[] {
  if (Array.isArray(value)) return [{ pointer, detail: 'must be an object' }];
  return typeof value === 'object' && value !== null ? nestingErrors(value, pointer) : [];
}

/** The first error of each field; what lies beneath a field that is wrong as a whole is left out. */
function withoutRepeats(errors: FieldError[]): FieldError[] {
  const whole = errors
    .filter((error) => error.detail === 'must be an object')
    .map((error) => `${error.pointer}/`);
  const kept = new Map<string, FieldError>();
  for (const error of errors) {
    const beneath = whole.some((pointer) => error.pointer.startsWith(pointer));
    if (!beneath && !kept.has(error.pointer)) kept.set(error.pointer, error);
  }
  return [...kept.values()];
}
