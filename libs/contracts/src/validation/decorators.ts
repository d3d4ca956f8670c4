import { ValidateBy, ValidateIf, type ValidationOptions } from 'class-validator';
import { LIMITS } from '../limits';
import { FORMATS, type FormatName } from './formats';
import { holdsInheritedName } from './inherited-names';
import { jsonDepth } from './json-depth';

/** The property may be left out. Unlike class-validator's `IsOptional`, an explicit null is refused, as in the schema. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_object, value) => value !== undefined);
}

/** A string of one of our named formats; the same check runs in the compiled schema. */
export function Format(name: FormatName, options?: ValidationOptions): PropertyDecorator {
  return ValidateBy(
    {
      name: `format:${name}`,
      constraints: [name],
      validator: {
        validate: (value) => typeof value === 'string' && FORMATS[name].check(value),
        defaultMessage: () => `must be ${FORMATS[name].wants}`,
      },
    },
    options,
  );
}

/**
 * At least this many characters. Counts code points, as JSON Schema does: class-validator's own `MinLength` and
 * `MaxLength` leave out variation selectors, and then both validators would disagree. The names are the same, since
 * the schema is made from them.
 */
export function MinChars(min: number): PropertyDecorator {
  return ValidateBy({
    name: 'minLength',
    constraints: [min],
    validator: {
      validate: (value) => typeof value === 'string' && codePoints(value) >= min,
      defaultMessage: () => `must have at least ${min} character${min === 1 ? '' : 's'}`,
    },
  });
}

/** At most this many characters; see `MinChars`. */
export function MaxChars(max: number): PropertyDecorator {
  return ValidateBy({
    name: 'maxLength',
    constraints: [max],
    validator: {
      validate: (value) => typeof value === 'string' && codePoints(value) <= max,
      defaultMessage: () => `must have at most ${max} characters`,
    },
  });
}

function codePoints(text: string): number {
  let count = 0;
  for (const _character of text) count += 1;
  return count;
}

export interface StringMapRule {
  keyFormat: FormatName;
  maxKeys: number;
  maxKeyChars: number;
  maxValueChars: number;
}

/** An object whose values are single-line strings, such as metadata or headers. */
export function StringMap(rule: StringMapRule): PropertyDecorator {
  return ValidateBy({
    name: 'stringMap',
    constraints: [rule],
    validator: {
      validate: (value) => isStringMap(value, rule),
      defaultMessage: () =>
        `must be an object of at most ${rule.maxKeys} entries; each name ${FORMATS[rule.keyFormat].wants} of at most ` +
        `${rule.maxKeyChars} characters, each value a line of text of at most ${rule.maxValueChars} characters`,
    },
  });
}

function isStringMap(value: unknown, rule: StringMapRule): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= rule.maxKeys &&
    entries.every(
      ([key, v]) =>
        key.length <= rule.maxKeyChars &&
        FORMATS[rule.keyFormat].check(key) &&
        typeof v === 'string' &&
        codePoints(v) <= rule.maxValueChars &&
        FORMATS['single-line'].check(v),
    )
  );
}

/** Any JSON object, nested no deeper than the documented limit and without names that every object has. */
export function JsonObject(): PropertyDecorator {
  return ValidateBy({
    name: 'jsonObject',
    validator: {
      validate: (value) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        jsonDepth(value) <= LIMITS.jsonDepth &&
        !holdsInheritedName(value),
      defaultMessage: () =>
        `must be a JSON object nested at most ${LIMITS.jsonDepth} levels deep, without names that every object has`,
    },
  });
}
