/** Milliseconds since the epoch with a fraction; comparable between the processes of one machine. */
export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}
