import {
  type CreateProviderDto,
  type ListProvidersQueryDto,
  type ProviderEventDto,
  type TenantPageQueryDto,
  type UpdateProviderDto,
} from '@herald/contracts';
import {
  createProviderConfig,
  type Database,
  deleteProviderConfig,
  findTenantProviderConfig,
  type IdPage,
  listProviderConfigs,
  listProviderEvents,
  type ProviderConfig,
  type ProviderConfigChange,
  type ProviderConfigWrite,
  type ProviderEvent,
  updateProviderConfig,
} from '@herald/db';
import { newId } from '@herald/domain';
import { ProblemError, type RouteResult, type SecretBox } from '@herald/platform';
import { ID_CURSOR, pageOf } from '../http/page';
import { forTenant } from '../http/tenant-of';
import { changeConfig, providerView, sealConfig, storedLimits } from './provider-settings';
import { providerTypes } from './provider-types';

export function providerHandlers({ db, box }: { db: Database; box: SecretBox }) {
  const view = (provider: ProviderConfig) => providerView(box, provider);
  const types = providerTypes();
  return {
    listProviderTypes: async (): Promise<RouteResult> => ({ status: 200, body: { items: types } }),

    createProvider: forTenant<CreateProviderDto>(db, async (tenantId, { body }) => {
      const { channel, type, name = type, enabled = true, position = 0, weight = 100, limits } = body;
      const id = newId(Date.now());
      const config = sealConfig(box, { id, channel, type }, body.config);
      const row = {
        id,
        tenantId,
        channel,
        type,
        name,
        config,
        enabled,
        position,
        weight,
        limits: storedLimits({ channel, type }, limits),
      };
      const provider = written(await createProviderConfig(db, row));
      return { status: 201, body: view(provider), headers: { location: `/v1/providers/${id}` } };
    }),

    listProviders: forTenant<unknown, ListProvidersQueryDto>(db, async (tenantId, { query }) => {
      const where = { tenantId, channel: query.channel };
      const find = (page: { limit: number; before?: string }) => listProviderConfigs(db, where, page);
      return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view }) };
    }),

    getProvider: forTenant(db, async (tenantId, { params }) => {
      const provider = await findTenantProviderConfig(db, tenantId, params.id as string);
      if (!provider) throw new ProblemError('not-found');
      return { status: 200, body: view(provider) };
    }),

    updateProvider: forTenant<UpdateProviderDto>(db, async (tenantId, { params, body }) => {
      const decide = (provider: ProviderConfig) => changeOf(box, provider, body);
      const provider = written(await updateProviderConfig(db, tenantId, params.id as string, decide));
      return { status: 200, body: view(provider) };
    }),

    listProviderEvents: forTenant<unknown, TenantPageQueryDto>(db, async (tenantId, { params, query }) => {
      const id = params.id as string;
      if (!(await findTenantProviderConfig(db, tenantId, id))) throw new ProblemError('not-found');
      const find = (page: IdPage) => listProviderEvents(db, { tenantId, providerId: id }, page);
      return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: eventView }) };
    }),

    deleteProvider: forTenant(db, async (tenantId, { params }) => {
      const gone = await deleteProviderConfig(db, tenantId, params.id as string);
      if (!gone) throw new ProblemError('not-found');
      return { status: 204 };
    }),
  };
}

function changeOf(box: SecretBox, provider: ProviderConfig, patch: UpdateProviderDto): ProviderConfigChange {
  const { config, limits, ...fields } = patch;
  return {
    ...fields,
    ...(limits && { limits: storedLimits(provider, limits) }),
    ...(config && { config: changeConfig(box, provider, config) }),
  };
}

function eventView({ id, type, detail, at }: ProviderEvent): ProviderEventDto {
  return { id, type, ...(detail !== null && { detail }), at: at.toISOString() };
}

function written(write: ProviderConfigWrite): ProviderConfig {
  switch (write.kind) {
    case 'written':
      return write.provider;
    case 'not-found':
      throw new ProblemError('not-found');
    case 'name-taken':
      throw new ProblemError('conflict', 'Another provider of this channel has the name.');
  }
}
