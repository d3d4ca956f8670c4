/** Whether every object has this name already, such as `__proto__`, `constructor` or `toString`. */
export function isInheritedName(name: string): boolean {
  return name in Object.prototype;
}

/**
 * Whether a JSON value uses such a name at any depth. They are refused in free-form content too: code that copies
 * objects drops them silently, or does worse. Iterative, so that a hostile value cannot exhaust the stack.
 */
export function holdsInheritedName(value: unknown): boolean {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const item = open.pop();
    if (typeof item !== 'object' || item === null) continue;
    if (!Array.isArray(item) && Object.keys(item).some(isInheritedName)) return true;
    for (const child of Object.values(item)) open.push(child);
  }
  return false;
}
