import {
  ADMIN_LIMITS,
  type CreateVapidKeyDto,
  type TenantPageQueryDto,
  type UpdateVapidKeyDto,
  type VapidKeyDto,
} from '@herald/contracts';
import {
  createVapidKey,
  type Database,
  deleteVapidKey,
  findVapidKey,
  type IdPage,
  listVapidKeys,
  updateVapidKey,
  type VapidKey,
} from '@herald/db';
import { newId } from '@herald/domain';
import { ProblemError, type SecretBox } from '@herald/platform';
import { newVapidKeyPair } from '@herald/providers';
import { ID_CURSOR, pageOf } from './http/page';
import { forTenant } from './http/tenant-of';

const contextOf = (id: string) => `vapid_keys:${id}`;

/** A new VAPID key as its row, with the private key sealed. */
export async function newVapidKey(
  box: SecretBox,
): Promise<{ id: string; publicKey: string; privateKey: string }> {
  const id = newId(Date.now());
  const { publicKey, privateKey } = await newVapidKeyPair();
  return { id, publicKey, privateKey: box.seal(privateKey, contextOf(id)) };
}

export function vapidKeyHandlers({ db, box }: { db: Database; box: SecretBox }) {
  return {
    createVapidKey: forTenant<CreateVapidKeyDto>(db, async (tenantId, { body }) => {
      const { subject, retireOthersAfterSeconds } = body;
      const row = { ...(await newVapidKey(box)), tenantId, subject };
      const max = ADMIN_LIMITS.vapidKeys;
      const key = await createVapidKey(db, row, { max, retireOthersAfterSeconds });
      if (!key) throw new ProblemError('conflict', `A tenant has ${max} keys at most, expired ones aside.`);
      return { status: 201, body: toView(key) };
    }),

    listVapidKeys: forTenant<unknown, TenantPageQueryDto>(db, async (tenantId, { query }) => {
      const find = (page: IdPage) => listVapidKeys(db, tenantId, page);
      return { status: 200, body: await pageOf(query, { cursor: ID_CURSOR, find, view: toView }) };
    }),

    updateVapidKey: forTenant<UpdateVapidKeyDto>(db, async (tenantId, { params, body }) => {
      const key = await findVapidKey(db, tenantId, params.id as string);
      if (!key) throw new ProblemError('not-found');
      const { id, subject } = { ...key, ...body };
      const privateKey = box.seal(box.open(key.privateKey, contextOf(id)), contextOf(id));
      if (!(await updateVapidKey(db, { tenantId, id }, { subject, privateKey }))) {
        throw new ProblemError('not-found');
      }
      return { status: 200, body: toView({ ...key, subject }) };
    }),

    deleteVapidKey: forTenant(db, async (tenantId, { params }) => {
      if (!(await deleteVapidKey(db, tenantId, params.id as string))) throw new ProblemError('not-found');
      return { status: 204 };
    }),
  };
}

function toView({ id, subject, publicKey, createdAt, expiresAt }: VapidKey): VapidKeyDto {
  return {
    id,
    subject,
    publicKey,
    createdAt: createdAt.toISOString(),
    expiresAt: expiresAt?.toISOString(),
  };
}
