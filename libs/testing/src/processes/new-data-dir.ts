import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/** Makes an empty folder that Postgres can enter: started by root, it runs as another user. */
export function newDataDir(): string {
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-e2e-'));
  fs.chmodSync(dataDir, 0o755);
  return dataDir;
}
