import { type DtoClass, escapePointer, type FieldError } from '@herald/contracts';
import { type DtoResult, validateDto } from './validate-dto';

const PREFIX = '/query';

/**
 * Query parameters as a DTO; pointers begin with `/query`. A parameter may be given once. One with a dot becomes an
 * entry of an object, so `metadata.orderId=42` is `{ metadata: { orderId: '42' } }`. Values are texts: a DTO says with
 * `@Type` where it wants a number.
 */
export function validateQuery(cls: DtoClass | undefined, query: Record<string, unknown>): DtoResult<object> {
  const repeated = Object.keys(query).filter((name) => Array.isArray(query[name]));
  if (repeated.length > 0)
    return { ok: false, errors: repeated.map((name) => error(name, 'is given more than once')) };
  if (cls) return validateDto(cls as DtoClass<object>, unfold(query), PREFIX);
  const unknown = Object.keys(query).map((name) => error(name, 'is not a known field'));
  return unknown.length > 0 ? { ok: false, errors: unknown } : { ok: true, value: {} };
}

function unfold(query: Record<string, unknown>): Record<string, unknown> {
  const flat: [string, unknown][] = [];
  const nested = new Map<string, [string, unknown][]>();
  for (const [name, value] of Object.entries(query)) {
    const dot = name.indexOf('.');
    if (dot <= 0) flat.push([name, value]);
    else {
      const object = name.slice(0, dot);
      nested.set(object, [...(nested.get(object) ?? []), [name.slice(dot + 1), value]]);
    }
  }
  const objects = [...nested].map(([name, entries]) => [name, Object.fromEntries(entries)] as const);
  // fromEntries defines properties, so that a hostile name such as __proto__ stays an ordinary one.
  return Object.fromEntries([...flat, ...objects]);
}

function error(name: string, detail: string): FieldError {
  return { pointer: `${PREFIX}/${escapePointer(name)}`, detail };
}
