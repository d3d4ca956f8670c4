import {
  CreateSuppressionDto,
  DeleteSuppressionQueryDto,
  ListSuppressionsQueryDto,
  SuppressionDto,
  SuppressionPageDto,
} from '../../dto/admin/suppressions';
import { TenantQueryDto } from '../../dto/admin/tenant-query';
import { type RouteContract } from '../../route';
import { TENANT_HEADER } from './tenant-header';

export const SUPPRESSION_ROUTES = [
  {
    operationId: 'listSuppressions',
    method: 'get',
    path: '/v1/suppressions',
    tag: 'Suppressions',
    summary: 'List suppressed addresses, newest first',
    access: 'admin',
    headers: [TENANT_HEADER],
    query: ListSuppressionsQueryDto,
    responses: { 200: { description: 'A page.', schema: SuppressionPageDto } },
  },
  {
    operationId: 'createSuppression',
    method: 'post',
    path: '/v1/suppressions',
    tag: 'Suppressions',
    summary: 'Suppress an address',
    access: 'admin',
    headers: [TENANT_HEADER],
    query: TenantQueryDto,
    body: CreateSuppressionDto,
    responses: {
      200: { description: 'It was suppressed already; nothing was changed.', schema: SuppressionDto },
      201: { description: 'Suppressed.', schema: SuppressionDto },
    },
  },
  {
    operationId: 'deleteSuppression',
    method: 'delete',
    path: '/v1/suppressions',
    tag: 'Suppressions',
    summary: 'Allow an address again',
    access: 'admin',
    headers: [TENANT_HEADER],
    query: DeleteSuppressionQueryDto,
    responses: { 204: { description: 'No longer suppressed.' } },
  },
] as const satisfies readonly RouteContract[];
