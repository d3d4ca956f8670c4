import { parseArgs } from 'node:util';

/** Wrong usage; the message says what is wrong. */
export class UsageError extends Error {}

/** Reads `--name value` for the `values` and `--name` for the `switches`. @throws UsageError on anything else */
export function parseFlags<V extends string, S extends string = never>(
  args: readonly string[],
  { values, switches = [] }: { values: readonly V[]; switches?: readonly S[] },
): Partial<Record<V, string> & Record<S, boolean>> {
  const options = Object.fromEntries([
    ...values.map((name) => [name, { type: 'string' as const }]),
    ...switches.map((name) => [name, { type: 'boolean' as const }]),
  ]);
  try {
    return parseArgs({ args: [...args], options }).values as Partial<Record<V, string> & Record<S, boolean>>;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

/** @throws UsageError unless the text is a whole number within the limits, which are included */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`--${name}: got "${text}", wants a whole number from ${min} to ${max}`);
}
