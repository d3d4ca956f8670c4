import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** The API document that is generated from the code and committed. */
export function readOpenApi(): object {
  return JSON.parse(readFileSync(resolve(__dirname, '../../../docs/api/openapi.json'), 'utf8')) as object;
}
