import { type AcceptedNotificationDto, type BatchAcceptedDto } from '@herald/contracts';

/** What came of posting one notification: accepted, to be tried again, or refused for good. */
export type Posted =
  | { type: 'accepted'; notification: AcceptedNotificationDto }
  | { type: 'again'; afterMs?: number; why: string }
  | { type: 'refused'; why: string };

/** A client gives up on an answer that does not come; the request may have been accepted all the same. */
const TIMEOUT_MS = 10_000;
const MAX_RETRY_AFTER_MS = 5000;

/** Posts one notification, or several as a batch; gives what came of each. Never rejects. */
export async function post(url: string, key: string, bodies: readonly object[]): Promise<Posted[]> {
  const single = bodies.length === 1;
  try {
    const response = await fetch(`${url}/v1/notifications${single ? '' : '/batch'}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
      body: JSON.stringify(single ? bodies[0] : { notifications: bodies }),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const text = await response.text();
    if (response.status !== 202) return bodies.map(() => failure(response, text));
    return single ? [accepted(text)] : batchResults(JSON.parse(text) as BatchAcceptedDto);
  } catch (error) {
    const why = (error as { cause?: Error }).cause?.message ?? (error as Error).message;
    return bodies.map(() => ({ type: 'again', why }));
  }
}

function accepted(text: string): Posted {
  return { type: 'accepted', notification: JSON.parse(text) as AcceptedNotificationDto };
}

function batchResults({ results }: BatchAcceptedDto): Posted[] {
  return results.map(({ status, notification, problem }): Posted => {
    if (notification) return { type: 'accepted', notification };
    const why = `${status} ${JSON.stringify(problem)}`;
    return status === 429 || status >= 500 ? { type: 'again', why } : { type: 'refused', why };
  });
}

function failure({ status, headers }: Response, text: string): Posted {
  const why = `${status} ${text.slice(0, 500)}`;
  if (status !== 429 && status < 500) return { type: 'refused', why };
  const seconds = Number(headers.get('retry-after'));
  return {
    type: 'again',
    why,
    ...(seconds > 0 && { afterMs: Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) }),
  };
}
