/** A piece of text that goes into a body as it is, JSON or not. */
export class Raw {
  constructor(readonly text: string) {}
}

/** An object whose names may repeat and may be any, `__proto__` included. */
export class Members {
  constructor(readonly entries: readonly (readonly [string, Json])[]) {}
}

/** JSON as an attacker writes it. */
export type Json = string | number | boolean | null | Raw | Members | readonly Json[];

/** The text of a tree. Deep nesting is written with `Raw`, so recursion is no danger here. */
export function toText(json: Json): string {
  if (json instanceof Raw) return json.text;
  if (json instanceof Members) {
    return `{${json.entries.map(([name, value]) => `${JSON.stringify(name)}:${toText(value)}`).join(',')}}`;
  }
  if (Array.isArray(json)) return `[${json.map(toText).join(',')}]`;
  return JSON.stringify(json);
}

/** How many values a tree holds, itself included. */
export function sizeOf(json: Json): number {
  return 1 + childrenOf(json).reduce<number>((sum, child) => sum + sizeOf(child), 0);
}

/** The tree with one value, by its number in depth-first order, changed; `undefined` removes it from its parent. */
export function changedAt(json: Json, index: number, change: (value: Json) => Json | undefined): Json {
  let left = index;
  const visit = (value: Json): Json | undefined => {
    left -= 1;
    if (left === -1) return change(value);
    if (value instanceof Members) {
      return new Members(
        value.entries.flatMap(([name, child]) => {
          const next = visit(child);
          return next === undefined ? [] : [[name, next] as const];
        }),
      );
    }
    if (Array.isArray(value)) return value.flatMap((child) => visit(child) ?? ([] as Json[]));
    return value;
  };
  return visit(json) ?? new Members([]);
}

/** The numbers of a tree's texts, as `changedAt` counts. */
export function textsIn(json: Json): number[] {
  const places: number[] = [];
  let count = 0;
  const visit = (value: Json): void => {
    if (typeof value === 'string') places.push(count);
    count += 1;
    for (const child of childrenOf(value)) visit(child);
  };
  visit(json);
  return places;
}

function childrenOf(json: Json): readonly Json[] {
  if (json instanceof Members) return json.entries.map(([, value]) => value);
  return Array.isArray(json) ? json : [];
}
