import {
  AcceptedNotificationDto,
  BatchAcceptedDto,
  CancelResultDto,
  DeliveryDto,
  ListNotificationsQueryDto,
  NotificationDto,
  NotificationPageDto,
  SendBatchDto,
} from '../dto/notification-views';
import { SendNotificationDto } from '../dto/send-notification';
import { LIMITS } from '../limits';
import { type RouteContract } from '../route';

const TAG = 'Notifications';

const IDEMPOTENCY_HEADER = {
  name: 'Idempotency-Key',
  description:
    'Quoted or bare. The same key with the same body gets the original answer with `Idempotency-Replayed: true`; ' +
    'with another body 422. Kept for 24 hours unless configured otherwise.',
};

/** What the ingest API serves. The two POSTs are answered ahead of Express; the contract is the same. */
export const INGEST_ROUTES = [
  {
    operationId: 'sendNotification',
    method: 'post',
    path: '/v1/notifications',
    tag: TAG,
    summary: 'Send a notification',
    description:
      'When the answer is 202 the notification is durable and will be delivered or its failure recorded.',
    access: 'notifications:write',
    body: SendNotificationDto,
    bodyLimitBytes: LIMITS.notificationBodyBytes,
    headers: [IDEMPOTENCY_HEADER],
    responses: {
      202: {
        description: 'Accepted and durable.',
        schema: AcceptedNotificationDto,
        headers: {
          'Idempotency-Replayed': 'true when this is the answer to an earlier request with the same key.',
        },
      },
    },
  },
  {
    operationId: 'sendBatch',
    method: 'post',
    path: '/v1/notifications/batch',
    tag: TAG,
    summary: 'Send up to 1,000 notifications',
    description:
      'Each is answered on its own: one bad item does not fail the others. Idempotency keys go into the items.',
    access: 'notifications:write',
    body: SendBatchDto,
    bodyLimitBytes: LIMITS.batchBodyBytes,
    responses: { 202: { description: 'A result per item, in order.', schema: BatchAcceptedDto } },
  },
  {
    operationId: 'listNotifications',
    method: 'get',
    path: '/v1/notifications',
    tag: TAG,
    summary: 'Find notifications',
    description:
      'Newest first. Any `metadata.<key>=value` filters by metadata; filters are combined with AND. A search that takes ' +
      'long gives a short or even empty page with a `nextCursor`: go on from there.',
    access: 'notifications:read',
    query: ListNotificationsQueryDto,
    responses: { 200: { description: 'A page.', schema: NotificationPageDto } },
  },
  {
    operationId: 'getNotification',
    method: 'get',
    path: '/v1/notifications/{id}',
    tag: TAG,
    summary: 'Read a notification with its deliveries, attempts and timelines',
    access: 'notifications:read',
    responses: { 200: { description: 'The notification.', schema: NotificationDto } },
  },
  {
    operationId: 'cancelNotification',
    method: 'post',
    path: '/v1/notifications/{id}/cancel',
    tag: TAG,
    summary: 'Cancel what was not yet handed to a provider',
    access: 'notifications:write',
    bodyOptional: true,
    responses: {
      200: { description: 'Which deliveries were canceled and which were not.', schema: CancelResultDto },
    },
  },
  {
    operationId: 'getDelivery',
    method: 'get',
    path: '/v1/deliveries/{id}',
    tag: 'Deliveries',
    summary: 'Read a delivery with its attempts and timeline',
    access: 'notifications:read',
    responses: { 200: { description: 'The delivery.', schema: DeliveryDto } },
  },
  {
    operationId: 'retryDelivery',
    method: 'post',
    path: '/v1/deliveries/{id}/retry',
    tag: 'Deliveries',
    summary: 'Try a delivery again now',
    description:
      'For one that failed, is a dead letter, was reported undelivered, was skipped, or waits for its next attempt.',
    access: 'notifications:write',
    bodyOptional: true,
    conflict: 'It is being sent, or was sent.',
    responses: { 202: { description: 'Queued.', schema: DeliveryDto } },
  },
] as const satisfies readonly RouteContract[];
