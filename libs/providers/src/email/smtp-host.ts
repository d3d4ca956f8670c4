/** A name as DNS has them, underscores included. */
export const DNS_NAME =
  /^(?=.{1,253}$)[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9])?)*$/;

/** A name or an address that can be connected to. */
export const HOST = new RegExp(`${DNS_NAME.source}|^[0-9A-Fa-f:.]{2,45}$`);
