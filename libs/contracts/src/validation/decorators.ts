import { ValidateBy, ValidateIf, type ValidationOptions } from 'class-validator';
import { LIMITS } from '../limits';
import { FORMATS, type FormatName } from './formats';
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
        v.length <= rule.maxValueChars &&
        FORMATS['single-line'].check(v),
    )
  );
}

/** Any JSON object, nested no deeper than the documented limit. */
export function JsonObject(): PropertyDecorator {
  return ValidateBy({
    name: 'jsonObject',
    validator: {
      validate: (value) =>
        typeof value === 'object' &&
        value !== null &&
        !Array.isArray(value) &&
        jsonDepth(value) <= LIMITS.jsonDepth,
      defaultMessage: () => `must be a JSON object nested at most ${LIMITS.jsonDepth} levels deep`,
    },
  });
}
