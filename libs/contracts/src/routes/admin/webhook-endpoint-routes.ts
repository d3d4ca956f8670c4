import { TenantPageQueryDto, TenantQueryDto } from '../../dto/admin/tenant-query';
import {
  CreateWebhookEndpointDto,
  EndpointDeliveryPageDto,
  EndpointReplayResultDto,
  ListEndpointDeliveriesQueryDto,
  ReplayEndpointDto,
  TestEventDto,
  UpdateWebhookEndpointDto,
  WebhookEndpointDto,
  WebhookEndpointPageDto,
} from '../../dto/admin/webhook-endpoints';
import { type RouteContract } from '../../route';
import { TENANT_HEADER } from './tenant-header';

const COMMON = {
  tag: 'Webhook endpoints',
  access: 'admin' as const,
  headers: [TENANT_HEADER],
};

export const WEBHOOK_ENDPOINT_ROUTES = [
  {
    ...COMMON,
    operationId: 'createWebhookEndpoint',
    method: 'post',
    path: '/v1/webhook-endpoints',
    summary: 'Register a URL for what becomes of deliveries',
    description: "Its webhooks are signed with the tenant's webhook secrets.",
    query: TenantQueryDto,
    body: CreateWebhookEndpointDto,
    conflict: 'The tenant has as many endpoints as it may have.',
    responses: { 201: { description: 'The endpoint.', schema: WebhookEndpointDto } },
  },
  {
    ...COMMON,
    operationId: 'listWebhookEndpoints',
    method: 'get',
    path: '/v1/webhook-endpoints',
    summary: 'List endpoints, newest first',
    query: TenantPageQueryDto,
    responses: { 200: { description: 'A page.', schema: WebhookEndpointPageDto } },
  },
  {
    ...COMMON,
    operationId: 'getWebhookEndpoint',
    method: 'get',
    path: '/v1/webhook-endpoints/{id}',
    summary: 'Read an endpoint',
    query: TenantQueryDto,
    responses: { 200: { description: 'The endpoint.', schema: WebhookEndpointDto } },
  },
  {
    ...COMMON,
    operationId: 'updateWebhookEndpoint',
    method: 'patch',
    path: '/v1/webhook-endpoints/{id}',
    summary: 'Change, disable or enable an endpoint',
    query: TenantQueryDto,
    body: UpdateWebhookEndpointDto,
    responses: { 200: { description: 'The endpoint.', schema: WebhookEndpointDto } },
  },
  {
    ...COMMON,
    operationId: 'deleteWebhookEndpoint',
    method: 'delete',
    path: '/v1/webhook-endpoints/{id}',
    summary: 'Delete an endpoint',
    description: 'Its log goes with it, and what is still to be sent to it is not sent.',
    query: TenantQueryDto,
    responses: { 204: { description: 'Deleted.' } },
  },
  {
    ...COMMON,
    operationId: 'listEndpointDeliveries',
    method: 'get',
    path: '/v1/webhook-endpoints/{id}/deliveries',
    summary: 'List what was sent to an endpoint, newest first',
    description: 'The attempts of one are at `GET /v1/deliveries/{id}`, with a live key.',
    query: ListEndpointDeliveriesQueryDto,
    responses: { 200: { description: 'A page.', schema: EndpointDeliveryPageDto } },
  },
  {
    ...COMMON,
    operationId: 'replayEndpoint',
    method: 'post',
    path: '/v1/webhook-endpoints/{id}/replay',
    summary: 'Send events to an endpoint again',
    description:
      'They go to the URL that it has now, and start over with all the attempts of the retry policy.',
    query: TenantQueryDto,
    body: ReplayEndpointDto,
    bodyOptional: true,
    conflict: 'The endpoint is disabled.',
    responses: { 200: { description: 'How many were put back.', schema: EndpointReplayResultDto } },
  },
  {
    ...COMMON,
    operationId: 'testWebhookEndpoint',
    method: 'post',
    path: '/v1/webhook-endpoints/{id}/test',
    summary: 'Send an event `endpoint.test` to an endpoint',
    query: TenantQueryDto,
    conflict: 'The endpoint is disabled.',
    responses: {
      202: { description: 'It will be sent; what becomes of it is in the log.', schema: TestEventDto },
    },
  },
] as const satisfies readonly RouteContract[];
