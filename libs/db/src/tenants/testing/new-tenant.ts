import { newId } from '@herald/domain';
import { type Database } from '../../connection/database';
import { createTenant } from '../tenant-store';

/** Creates a tenant and gives its id. */
export async function newTenant(db: Database, name = 'Test'): Promise<string> {
  const id = newId(Date.now());
  await createTenant(db, { id, name }, { id: newId(Date.now()), secret: 'sealed' });
  return id;
}
