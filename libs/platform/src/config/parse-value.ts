import { type EnvKind, type EnvValue } from './env';

const BOOLEANS = new Map([
  ...['true', '1', 'yes'].map((text) => [text, true] as const),
  ...['false', '0', 'no'].map((text) => [text, false] as const),
]);
const DECIMAL = /^[+-]?\d+(\.\d+)?$/;

/**
 * A variable's text as a value of its kind, or nothing when it is not one. Numbers are decimal and whole ("12abc",
 * "0x1f" and "1e3" are refused); lists are comma separated, blanks around items and empty items are dropped.
 */
export function parseValue(kind: EnvKind, text: string): EnvValue | undefined {
  switch (kind) {
    case 'string':
      return text;
    case 'number':
      return DECIMAL.test(text.trim()) ? Number(text.trim()) : undefined;
    case 'boolean':
      return BOOLEANS.get(text.trim().toLowerCase());
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
  }
}
