import { escapePointer, type FieldError } from '@herald/contracts';

/**
 * JSON text may hold what Postgres cannot store: U+0000 and halves of surrogate pairs. Both can only come as escapes,
 * so a look at the bytes rules them out for almost every request.
 */
export function mayHoldUnstorableText(bytes: Buffer): boolean {
  return bytes.includes('\\u0000') || bytes.includes('\\ud') || bytes.includes('\\uD');
}

/** A hostile body can hold one in each of 100,000 levels, and its pointers would be gigabytes long. */
const MAX_ERRORS = 20;

/**
 * The strings in a JSON value that cannot be stored, by pointer, 20 at most. Iterative: bodies may be nested deeply.
 * @param prefix put before each pointer, such as `/query`
 */
export function unstorableText(value: unknown, prefix = ''): FieldError[] {
  const errors: FieldError[] = [];
  const open: { value: unknown; pointer: string }[] = [{ value, pointer: prefix }];
  for (let place = open.pop(); place && errors.length < MAX_ERRORS; place = open.pop()) {
    const { value: item, pointer } = place;
    if (typeof item === 'string' && !isStorable(item)) {
      errors.push({ pointer, detail: 'must not hold U+0000 or half of a surrogate pair' });
    } else if (typeof item === 'object' && item !== null) {
      for (const [key, child] of Object.entries(item)) {
        const at = `${pointer}/${escapePointer(key)}`;
        if (!isStorable(key)) errors.push({ pointer: at, detail: 'is a name that cannot be stored' });
        open.push({ value: child, pointer: at });
      }
    }
  }
  return errors;
}

function isStorable(text: string): boolean {
  return !text.includes('\u0000') && (text as string & { isWellFormed(): boolean }).isWellFormed();
}
