import { notification } from '../notification';

export interface RequestPlan {
  path: string;
  host: string;
  apiKey: string;
  /** Sets the idempotency keys of one run apart from those of the others. */
  run: string;
  /** Notifications in all. */
  count: number;
  /** Notifications per request; 1 posts them bare, more as a batch. */
  perRequest: number;
}

/** All requests of a run, ready to be written to a connection. */
export function prebuildRequests(plan: RequestPlan): Buffer[] {
  const requests: Buffer[] = [];
  for (let at = 0; at < plan.count; at += plan.perRequest) {
    const size = Math.min(plan.perRequest, plan.count - at);
    const items = Array.from({ length: size }, (_, index) => notification(plan.run, at + index));
    requests.push(
      httpPost(plan, JSON.stringify(plan.perRequest === 1 ? items[0] : { notifications: items })),
    );
  }
  return requests;
}

function httpPost({ path, host, apiKey }: RequestPlan, body: string): Buffer {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${host}`,
    `Authorization: Bearer ${apiKey}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
