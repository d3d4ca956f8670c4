import { type FieldError, type SendValidation } from '@herald/contracts';
import { type Acceptance } from '@herald/db';
import { type PlannedNotification, planNotification } from '@herald/domain';
import { ProblemError } from '@herald/platform';
import { fingerprint } from './fingerprint';

/** Who posts, and under which request. */
export interface Caller {
  tenantId: string;
  keyId: string;
  live: boolean;
  requestId: string;
  traceparent?: string;
}

/** A request that became durable, now or under the same key before. */
export interface Accepted {
  /** The body of the answer, as JSON text. */
  response: string;
  replayed: boolean;
}

export interface IntakeDeps {
  /** Tells everything that is wrong with a body of at most so many values, of a larger one the first thing. */
  validate(body: unknown, maxDescribed?: number): SendValidation;
  commit: { submit(acceptance: Acceptance): ReturnType<import('./group-commit').GroupCommit['submit']> };
  /** How long idempotency keys are kept, in milliseconds. */
  keepKeysMs: number;
  now(): number;
}

/** From a parsed body to a durable notification: validate, plan, commit. @throws ProblemError saying what is wrong */
export async function takeIn(
  deps: IntakeDeps,
  body: unknown,
  caller: Caller,
  headerKey: string | undefined,
): Promise<Accepted> {
  const valid = deps.validate(body);
  if (!valid.ok) throw invalid(valid.errors);
  const key = idempotencyKey(valid.value.idempotencyKey, headerKey);
  const plan = planNotification(valid.value, { tenantId: caller.tenantId, now: deps.now() });
  if (!plan.ok) throw invalid(plan.errors);

  const response = acceptedResponse(plan.notification);
  const result = await deps.commit.submit({
    notification: plan.notification,
    apiKeyId: caller.keyId,
    live: caller.live,
    requestId: caller.requestId,
    traceparent: caller.traceparent,
    idempotency:
      key === undefined ? undefined : { key, fingerprint: fingerprint(valid.value), keepMs: deps.keepKeysMs },
    response,
  });
  switch (result.kind) {
    case 'accepted':
      return { response, replayed: false };
    case 'replayed':
      return { response: result.response, replayed: true };
    case 'mismatch':
      throw new ProblemError(
        'idempotency-mismatch',
        'This idempotency key was used with another body. Use a new key, or repeat the body exactly.',
      );
    case 'refused':
      throw result.error;
  }
}

function invalid(errors: FieldError[]): ProblemError {
  return new ProblemError('validation', undefined, { errors });
}

function idempotencyKey(inBody: string | undefined, inHeader: string | undefined): string | undefined {
  if (inBody !== undefined && inHeader !== undefined && inBody !== inHeader) {
    throw invalid([
      { pointer: '/idempotencyKey', detail: 'must be the same as the Idempotency-Key header, or left out' },
    ]);
  }
  return inBody ?? inHeader;
}

function acceptedResponse({ id, deliveries }: PlannedNotification): string {
  return JSON.stringify({
    id,
    state: 'accepted',
    deliveries: deliveries.map(({ id: deliveryId, recipient, channel, state, reason }) => ({
      id: deliveryId,
      recipient,
      channel,
      state,
      reason,
    })),
  });
}
