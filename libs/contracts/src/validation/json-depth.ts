/** How deeply a JSON value is nested: 0 for a scalar. Iterative, so that a hostile value cannot exhaust the stack. */
export function jsonDepth(value: unknown): number {
  let depth = 0;
  let level: unknown[] = [value];
  while (true) {
    const next: unknown[] = [];
    for (const item of level) {
      if (typeof item !== 'object' || item === null) continue;
      // Not `push(...)`: a body can hold more items than a call can have arguments.
      for (const child of childrenOf(item)) next.push(child);
    }
    if (!level.some((item) => typeof item === 'object' && item !== null)) return depth;
    depth += 1;
    level = next;
  }
}

function childrenOf(item: object): unknown[] {
  return Array.isArray(item) ? item : Object.values(item);
}
