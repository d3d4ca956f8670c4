import { types } from 'node:util';

/**
 * Whether a value is an error, also one of another realm (Node's own errors are foreign to code in a `vm` context, where
 * tests run). A DOMException, which aborting gives, is no native error, so both are asked.
 */
export function isError(value: unknown): value is Error {
  return value instanceof Error || types.isNativeError(value);
}
