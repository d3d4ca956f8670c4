import path from 'node:path';
import { removeHome } from './postgres/postgres-home';
import { takeOverFolder } from './process/server-folder';

/**
 * Deletes the data folder of an embedded server, of either kind, with what is kept for it elsewhere. A server
 * that was left behind on it is stopped first; throws `folder-in-use` when its owner is alive.
 */
export async function removeEmbeddedData(dataDir: string): Promise<void> {
  const folder = path.resolve(dataDir);
  await takeOverFolder(folder);
  removeHome(folder);
}
