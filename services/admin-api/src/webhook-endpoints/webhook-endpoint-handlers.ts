import {
  ADMIN_LIMITS,
  type CreateWebhookEndpointDto,
  type EndpointDeliveryDto,
  type ListEndpointDeliveriesQueryDto,
  type ReplayEndpointDto,
  type TenantPageQueryDto,
  type UpdateWebhookEndpointDto,
  type WebhookEndpointDto,
} from '@herald/contracts';
import {
  addTestEvent,
  createWebhookEndpoint,
  type Database,
  deleteWebhookEndpoint,
  type EndpointDelivery,
  findWebhookEndpoint,
  type IdPage,
  listEndpointDeliveries,
  listWebhookEndpoints,
  updateWebhookEndpoint,
  type WebhookEndpoint,
} from '@herald/db';
import { newId } from '@herald/domain';
import { type Principal, ProblemError } from '@herald/platform';
import { ID_CURSOR, pageOf } from '../http/page';
import { forTenant } from '../http/tenant-of';
import { type AdminMetrics } from '../metrics';
import { type ReplayQueues, replayEvents } from './replay-events';

export interface WebhookEndpointDeps {
  db: Database;
  queues: ReplayQueues;
  metrics: Pick<AdminMetrics, 'ringFailures'>;
}

export function webhookEndpointHandlers(deps: WebhookEndpointDeps) {
  const { db } = deps;
  return {
    createWebhookEndpoint: forTenant<CreateWebhookEndpointDto>(db, async (tenantId, { body, principal }) => {
      const { url, description, events, mode = modeOf(principal) } = body;
      if (mode === 'live' && modeOf(principal) === 'test')
        throw new ProblemError('forbidden', 'A test key makes endpoints for the mode test.');
      const row = {
        id: newId(Date.now()),
        tenantId,
        live: mode === 'live',
        url,
        description,
        events: stored(events),
      };
      const endpoint = await createWebhookEndpoint(db, row, ADMIN_LIMITS.webhookEndpoints);
      if (!endpoint)
        throw new ProblemError(
          'conflict',
          `A tenant has ${ADMIN_LIMITS.webhookEndpoints} endpoints at most.`,
        );
      return {
        status: 201,
        body: toView(endpoint),
        headers: { location: `/v1/webhook-endpoints/${row.id}` },
      };
    }),

    listWebhookEndpoints: forTenant<unknown, TenantPageQueryDto>(
      db,
      async (tenantId, { query, principal }) => {
        const find = (page: IdPage) => listWebhookEndpoints(db, ownerOf(tenantId, principal), page);
        return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: toView }) };
      },
    ),

    getWebhookEndpoint: forTenant(db, async (tenantId, { params, principal }) => {
      return { status: 200, body: toView(await existing(db, tenantId, principal, params.id as string)) };
    }),

    updateWebhookEndpoint: forTenant<UpdateWebhookEndpointDto>(
      db,
      async (tenantId, { params, body, principal }) => {
        const { events, ...rest } = body;
        const change = { ...rest, ...(events && { events: stored(events) }) };
        const owner = ownerOf(tenantId, principal);
        const endpoint = await updateWebhookEndpoint(db, owner, params.id as string, change);
        if (!endpoint) throw new ProblemError('not-found');
        return { status: 200, body: toView(endpoint) };
      },
    ),

    deleteWebhookEndpoint: forTenant(db, async (tenantId, { params, principal }) => {
      const gone = await deleteWebhookEndpoint(db, ownerOf(tenantId, principal), params.id as string);
      if (!gone) throw new ProblemError('not-found');
      return { status: 204 };
    }),

    listEndpointDeliveries: forTenant<unknown, ListEndpointDeliveriesQueryDto>(
      db,
      async (tenantId, { params, query, principal }) => {
        const { id } = await existing(db, tenantId, principal, params.id as string);
        const of = { tenantId, endpointId: id, state: query.state };
        const find = (page: IdPage) => listEndpointDeliveries(db, of, page);
        return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: deliveryView }) };
      },
    ),

    replayEndpoint: forTenant<ReplayEndpointDto>(db, async (tenantId, { params, body, principal, log }) => {
      const { id } = await enabled(db, tenantId, principal, params.id as string);
      return { status: 200, body: await replayEvents(deps, { tenantId, endpointId: id, wanted: body, log }) };
    }),

    testWebhookEndpoint: forTenant(db, async (tenantId, { params, principal }) => {
      const { id } = await enabled(db, tenantId, principal, params.id as string);
      const eventId = await addTestEvent(db, { tenantId, endpointId: id });
      if (!eventId) throw disabled();
      return { status: 202, body: { eventId } };
    }),
  };
}

async function existing(
  db: Database,
  tenantId: string,
  principal: Principal,
  id: string,
): Promise<WebhookEndpoint> {
  const endpoint = await findWebhookEndpoint(db, ownerOf(tenantId, principal), id);
  if (!endpoint) throw new ProblemError('not-found');
  return endpoint;
}

async function enabled(...of: Parameters<typeof existing>): Promise<WebhookEndpoint> {
  const endpoint = await existing(...of);
  if (!endpoint.enabled) throw disabled();
  return endpoint;
}

function disabled(): ProblemError {
  return new ProblemError('conflict', 'The endpoint is disabled.');
}

/** A test key sees the endpoints for the mode test, everyone else all. */
function ownerOf(tenantId: string, principal: Principal): { tenantId: string; live?: boolean } {
  return modeOf(principal) === 'test' ? { tenantId, live: false } : { tenantId };
}

function modeOf(principal: Principal): 'live' | 'test' {
  return principal.kind === 'operator' || principal.live ? 'live' : 'test';
}

/** No list, or an empty one, means all. */
function stored(events: string[] | undefined): string[] | null {
  return events && events.length > 0 ? events : null;
}

function toView(endpoint: WebhookEndpoint): WebhookEndpointDto {
  const { id, tenantId, live, url, description, events, enabled, disabledReason, failingSince } = endpoint;
  return {
    id,
    tenantId,
    mode: live ? 'live' : 'test',
    url,
    description: description ?? undefined,
    events: events ?? undefined,
    enabled,
    disabledReason: disabledReason ?? undefined,
    failingSince: failingSince?.toISOString(),
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  };
}

function deliveryView(row: EndpointDelivery): EndpointDeliveryDto {
  const { id, eventId, type, state, attempts } = row;
  return {
    id,
    eventId,
    type,
    state,
    reason: row.reason ?? undefined,
    code: row.code ?? undefined,
    attempts,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    nextAttemptAt: row.nextAttemptAt?.toISOString(),
    sentAt: row.sentAt?.toISOString(),
  };
}
