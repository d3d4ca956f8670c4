type Nullable<T> = { [K in keyof T]: T[K] | null | undefined };

/** The same object without the properties that are null or undefined: views leave out what is not there. */
export function present<T extends object>(view: Nullable<T>): T {
  return Object.fromEntries(Object.entries(view).filter(([, value]) => value != null)) as T;
}
