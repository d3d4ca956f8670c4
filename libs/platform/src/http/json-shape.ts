import { escapePointer, type FieldError } from '@herald/contracts';

/** Deeper than any DTO and than the documented limit of free-form parts, and far from exhausting the stack. */
const MAX_DEPTH = 64;

/** More are not told in any answer. */
const MAX_ERRORS = 100;

interface Place {
  value: unknown;
  pointer: string;
  depth: number;
}

/**
 * What no JSON body may hold, whatever its DTO: names that every object inherits, such as `__proto__`, and nesting that
 * would exhaust the stack of recursive code. Iterative for that reason.
 */
export function jsonShapeErrors(value: unknown, prefix = ''): FieldError[] {
  const errors: FieldError[] = [];
  const open: Place[] = [{ value, pointer: prefix, depth: 0 }];
  for (let place = open.pop(); place && errors.length < MAX_ERRORS; place = open.pop()) {
    const { value: object, pointer, depth } = place;
    if (typeof object !== 'object' || object === null) continue;
    if (depth >= MAX_DEPTH) {
      errors.push({ pointer, detail: `must not be nested deeper than ${MAX_DEPTH} levels` });
      continue;
    }
    for (const key of Object.keys(object)) {
      const at = `${pointer}/${escapePointer(key)}`;
      const child = (object as Record<string, unknown>)[key];
      if (key in Object.prototype) errors.push({ pointer: at, detail: 'is not a known field' });
      else if (typeof child === 'object' && child !== null)
        open.push({ value: child, pointer: at, depth: depth + 1 });
    }
  }
  return errors;
}
