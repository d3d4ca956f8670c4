/** Remembers up to `max` values by name; the one that was used longest ago makes room for a new one. */
export function recentMap<Value>(max: number) {
  // A Map keeps the order in which names were set.
  const values = new Map<string, Value>();
  const set = (name: string, value: Value): void => {
    values.delete(name);
    values.set(name, value);
    const [oldest] = values.keys();
    if (values.size > max && oldest !== undefined) values.delete(oldest);
  };
  const get = (name: string): Value | undefined => {
    const value = values.get(name);
    if (value !== undefined) set(name, value);
    return value;
  };
  return { get, set };
}
