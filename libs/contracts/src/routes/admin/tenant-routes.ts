import {
  CreatedTenantDto,
  CreateTenantDto,
  TenantDto,
  TenantPageDto,
  UpdateTenantDto,
} from '../../dto/admin/tenants';
import { PageQueryDto } from '../../dto/notification-views';
import { type RouteContract } from '../../route';

export const TENANT_ROUTES = [
  {
    operationId: 'createTenant',
    method: 'post',
    path: '/v1/tenants',
    tag: 'Tenants',
    summary: 'Create a tenant',
    access: 'operator',
    body: CreateTenantDto,
    responses: {
      201: { description: 'The tenant with its first webhook signing secret.', schema: CreatedTenantDto },
    },
  },
  {
    operationId: 'listTenants',
    method: 'get',
    path: '/v1/tenants',
    tag: 'Tenants',
    summary: 'List tenants, newest first',
    access: 'operator',
    query: PageQueryDto,
    responses: { 200: { description: 'A page.', schema: TenantPageDto } },
  },
  {
    operationId: 'getTenant',
    method: 'get',
    path: '/v1/tenants/{id}',
    tag: 'Tenants',
    summary: 'Read a tenant',
    access: 'operator',
    responses: { 200: { description: 'The tenant.', schema: TenantDto } },
  },
  {
    operationId: 'updateTenant',
    method: 'patch',
    path: '/v1/tenants/{id}',
    tag: 'Tenants',
    summary: 'Rename, disable or enable a tenant',
    access: 'operator',
    body: UpdateTenantDto,
    responses: { 200: { description: 'The tenant.', schema: TenantDto } },
  },
] as const satisfies readonly RouteContract[];
