type Json = Record<string, unknown>;

/** A JSON object with a merge patch applied (RFC 7396): null removes a member, objects are merged, the rest replaced. */
export function mergePatch(target: unknown, patch: Json): Json {
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, isObject(value) ? mergePatch(merged.get(name), value) : value);
  }
  // fromEntries defines properties, so that a name such as __proto__ stays an ordinary one.
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
