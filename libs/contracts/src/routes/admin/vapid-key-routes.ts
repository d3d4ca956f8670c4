import { TenantPageQueryDto, TenantQueryDto } from '../../dto/admin/tenant-query';
import {
  CreateVapidKeyDto,
  UpdateVapidKeyDto,
  VapidKeyDto,
  VapidKeyPageDto,
} from '../../dto/admin/vapid-keys';
import { type RouteContract } from '../../route';
import { TENANT_HEADER } from './tenant-header';

const COMMON = {
  tag: 'VAPID keys',
  access: 'admin' as const,
  headers: [TENANT_HEADER],
};

export const VAPID_KEY_ROUTES = [
  {
    ...COMMON,
    operationId: 'createVapidKey',
    method: 'post',
    path: '/v1/vapid-keys',
    summary: 'Make a key that web pushes are signed with',
    description:
      'Browsers subscribe with the public key of the newest one from now on. Those that subscribed with an older one are ' +
      'reached with that. Workers know of it after `WORKER_PROVIDER_CACHE_MS`.',
    query: TenantQueryDto,
    body: CreateVapidKeyDto,
    conflict: 'The tenant has as many keys as it may have.',
    responses: {
      201: { description: 'The key. Its private half is never shown.', schema: VapidKeyDto },
    },
  },
  {
    ...COMMON,
    operationId: 'listVapidKeys',
    method: 'get',
    path: '/v1/vapid-keys',
    summary: 'List VAPID keys, newest first',
    query: TenantPageQueryDto,
    responses: { 200: { description: 'A page, expired ones included.', schema: VapidKeyPageDto } },
  },
  {
    ...COMMON,
    operationId: 'updateVapidKey',
    method: 'patch',
    path: '/v1/vapid-keys/{id}',
    summary: 'Change the subject of a VAPID key',
    description: 'An empty change seals the private key with the current encryption key.',
    query: TenantQueryDto,
    body: UpdateVapidKeyDto,
    responses: { 200: { description: 'The key.', schema: VapidKeyDto } },
  },
  {
    ...COMMON,
    operationId: 'deleteVapidKey',
    method: 'delete',
    path: '/v1/vapid-keys/{id}',
    summary: 'Delete a VAPID key',
    description: 'Browsers that subscribed with it cannot be reached any more: the key cannot come back.',
    query: TenantQueryDto,
    responses: { 204: { description: 'Deleted.' } },
  },
] as const satisfies readonly RouteContract[];
