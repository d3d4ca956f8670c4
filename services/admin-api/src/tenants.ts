import {
  type CreatedTenantDto,
  type CreateTenantDto,
  type PageQueryDto,
  type TenantDto,
  type UpdateTenantDto,
} from '@herald/contracts';
import { createTenant, type Database, findTenant, listTenants, type Tenant, updateTenant } from '@herald/db';
import { newId } from '@herald/domain';
import { ProblemError, type RouteContext, type RouteResult, type SecretBox } from '@herald/platform';
import { ID_CURSOR, pageOf } from './http/page';
import { newWebhookSecret } from './webhook-secrets';

export function tenantHandlers({ db, box }: { db: Database; box: SecretBox }) {
  return {
    async createTenant({ body }: RouteContext<CreateTenantDto>): Promise<RouteResult> {
      const { secret, row } = newWebhookSecret(box);
      const tenant = await createTenant(db, { id: newId(Date.now()), name: body.name }, row);
      const view: CreatedTenantDto = { ...toView(tenant), webhookSecret: secret };
      return { status: 201, body: view, headers: { location: `/v1/tenants/${tenant.id}` } };
    },

    async listTenants({ query }: RouteContext<unknown, PageQueryDto>): Promise<RouteResult> {
      const find = (page: { limit: number; before?: string }) => listTenants(db, page);
      return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: toView }) };
    },

    async getTenant({ params }: RouteContext): Promise<RouteResult> {
      return found(await findTenant(db, params.id as string));
    },

    async updateTenant({ params, body }: RouteContext<UpdateTenantDto>): Promise<RouteResult> {
      return found(await updateTenant(db, params.id as string, body));
    },
  };
}

function found(tenant: Tenant | undefined): RouteResult {
  if (!tenant) throw new ProblemError('not-found');
  return { status: 200, body: toView(tenant) };
}

function toView({ id, name, disabledAt, createdAt }: Tenant): TenantDto {
  return { id, name, disabled: disabledAt !== null, createdAt: createdAt.toISOString() };
}
