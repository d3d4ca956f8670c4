import type { FieldError } from '@herald/contracts';

type Fields = Record<string, unknown>;

export const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

interface NumberRange {
  min: number;
  max: number;
  integer?: boolean;
}

/**
 * Reads the fields of one JSON object and collects what is wrong with each, so that one answer names it all.
 * A reading method returns a usable stand-in after an error; the caller checks `errors` before using any value.
 */
export class FieldReader {
  private readonly known = new Set<string>();

  constructor(
    private readonly fields: Fields,
    private readonly pointer: string,
    readonly errors: FieldError[],
  ) {}

  at(name: string): string {
    return `${this.pointer}/${name}`;
  }

  refuse(name: string, detail: string): void {
    this.errors.push({ pointer: this.at(name), detail });
  }

  raw(name: string): unknown {
    this.known.add(name);
    return this.fields[name];
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], fallback?: T): T {
    const value = this.raw(name);
    if (value === undefined && fallback !== undefined) return fallback;
    if (allowed.includes(value as T)) return value as T;
    this.refuse(name, `must be one of ${allowed.map((one) => `"${one}"`).join(', ')}`);
    return allowed[0] as T;
  }

  number(name: string, range: NumberRange): number {
    const value = this.raw(name);
    const { min, max, integer = true } = range;
    const fits =
      typeof value === 'number' && value >= min && value <= max && (!integer || Number.isInteger(value));
    if (fits) return value;
    this.refuse(name, `must be ${integer ? 'a whole number' : 'a number'} from ${min} to ${max}`);
    return min;
  }

  optionalNumber(name: string, range: NumberRange): number | undefined {
    return this.raw(name) === undefined ? undefined : this.number(name, range);
  }

  optionalText(name: string, maxLength: number): string | undefined {
    const value = this.raw(name);
    if (value === undefined) return undefined;
    if (typeof value === 'string' && value !== '' && value.length <= maxLength) return value;
    this.refuse(name, `must be a text of 1 to ${maxLength} characters`);
    return undefined;
  }

  /** Refuses the fields nobody has asked for. Call it last. */
  refuseOthers(): void {
    for (const name of Object.keys(this.fields)) {
      if (this.known.has(name)) continue;
      this.refuse(name, `is not known here; known are ${[...this.known].join(', ')}`);
    }
  }
}
