/** Why a socket is closed. 4xxx are of this protocol, the others are registered (RFC 6455 and IANA). */
export const CLOSE = {
  badMessage: 4400,
  unauthorized: 4401,
  noHello: 4408,
  tooSlow: 4413,
  tooMany: 4429,
  restarting: 1012,
  tryAgainLater: 1013,
} as const;
export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

const OTHERS = [1000, 1001, 1002, 1003, 1005, 1006, 1007, 1009];
const KNOWN: ReadonlySet<number> = new Set([...Object.values(CLOSE), ...OTHERS]);

/** A close code as a label: clients can send any of thousands. */
export function closeLabel(code: number): string {
  return KNOWN.has(code) ? String(code) : 'other';
}
