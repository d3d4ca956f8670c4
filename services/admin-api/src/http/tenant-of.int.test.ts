import { newId } from '@herald/domain';
import { useTestAdmin } from '../testing/use-test-admin';

const KEY = { name: 'CI', mode: 'test', scopes: ['notifications:read'] };

describe('with no tenant or one', () => {
  const admin = useTestAdmin();

  it('the operator may leave the tenant out once there is one', async () => {
    const none = await admin.operator.get('/v1/api-keys').expect(422);
    expect(none.body.errors).toEqual([
      { pointer: '/query/tenantId', detail: expect.stringContaining('Herald-Tenant') },
    ]);
    const { body: tenant } = await admin.operator.post('/v1/tenants', { name: 'Only' }).expect(201);
    const { body: key } = await admin.operator.post('/v1/api-keys', KEY).expect(201);
    expect(key.tenantId).toBe(tenant.id);
    expect((await admin.operator.get('/v1/api-keys').expect(200)).body.items).toHaveLength(1);

    await admin.operator.post('/v1/tenants', { name: 'Second' }).expect(201);
    await admin.operator.get('/v1/api-keys').expect(422);
  });
});

describe('with several tenants', () => {
  const admin = useTestAdmin();

  it('the operator names one by header, query or body', async () => {
    const one = await admin.newTenant();
    const other = await admin.newTenant();
    const { body } = await admin.operator.post('/v1/api-keys', KEY).set('herald-tenant', one.id).expect(201);
    expect(body.tenantId).toBe(one.id);
    const byQuery = await admin.operator.post(`/v1/api-keys?tenantId=${other.id}`, KEY).expect(201);
    expect(byQuery.body.tenantId).toBe(other.id);
    const byBody = await admin.operator.post('/v1/api-keys', { ...KEY, tenantId: one.id.toUpperCase() });
    expect(byBody.body.tenantId).toBe(one.id);
    const list = await admin.operator.get('/v1/api-keys').set('herald-tenant', other.id).expect(200);
    expect(list.body.items.map((key: { id: string }) => key.id)).toContain(byQuery.body.id);
    expect(list.body.items.map((key: { id: string }) => key.id)).not.toContain(body.id);
  });

  it('refuses contradictions, nonsense and tenants that do not exist', async () => {
    const one = await admin.newTenant();
    const other = await admin.newTenant();
    const both = admin.operator.get(`/v1/api-keys?tenantId=${one.id}`).set('herald-tenant', other.id);
    expect((await both.expect(422)).body.errors).toMatchObject([{ pointer: '/query/tenantId' }]);
    const nonsense = admin.operator.get('/v1/api-keys').set('herald-tenant', 'shop');
    expect((await nonsense.expect(422)).body.errors).toMatchObject([{ pointer: '/headers/herald-tenant' }]);
    await admin.operator.get('/v1/api-keys').set('herald-tenant', newId(Date.now())).expect(404);
    await admin.operator.get(`/v1/providers?tenantId=${newId(Date.now())}`).expect(404);
  });

  it('a tenant acts on itself, and another tenant does not exist for it', async () => {
    const one = await admin.newTenant();
    const other = await admin.newTenant();
    await one.admin.get('/v1/api-keys').set('herald-tenant', one.id).expect(200);
    await one.admin.get('/v1/api-keys').set('herald-tenant', other.id).expect(404);
    await one.admin.get(`/v1/api-keys?tenantId=${other.id}`).expect(404);
    await one.admin.post('/v1/api-keys', { ...KEY, tenantId: other.id }).expect(404);
    const { body } = await admin.operator.get(`/v1/api-keys?tenantId=${other.id}`).expect(200);
    expect(body.items).toHaveLength(1);
  });
});
