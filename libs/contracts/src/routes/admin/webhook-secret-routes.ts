import { TenantPageQueryDto, TenantQueryDto } from '../../dto/admin/tenant-query';
import {
  CreatedWebhookSecretDto,
  RotateWebhookSecretDto,
  WebhookSecretPageDto,
} from '../../dto/admin/webhook-secrets';
import { type RouteContract } from '../../route';
import { TENANT_HEADER } from './tenant-header';

export const WEBHOOK_SECRET_ROUTES = [
  {
    operationId: 'rotateWebhookSecret',
    method: 'post',
    path: '/v1/webhook-secrets/rotate',
    tag: 'Webhook secrets',
    summary: 'Replace the secret that webhooks are signed with',
    access: 'admin',
    headers: [TENANT_HEADER],
    query: TenantQueryDto,
    body: RotateWebhookSecretDto,
    bodyOptional: true,
    responses: {
      201: { description: 'The new secret, shown this once.', schema: CreatedWebhookSecretDto },
    },
  },
  {
    operationId: 'listWebhookSecrets',
    method: 'get',
    path: '/v1/webhook-secrets',
    tag: 'Webhook secrets',
    summary: 'List webhook secrets without the secrets themselves, newest first',
    access: 'admin',
    headers: [TENANT_HEADER],
    query: TenantPageQueryDto,
    responses: { 200: { description: 'A page, expired ones included.', schema: WebhookSecretPageDto } },
  },
] as const satisfies readonly RouteContract[];
