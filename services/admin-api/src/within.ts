/** Long enough for Redis to answer, short enough for someone who waits. */
export const REDIS_PATIENCE_MS = 3000;

/** What the work gives, or a rejection when it takes longer: BullMQ waits for its connection without limit. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`No answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
