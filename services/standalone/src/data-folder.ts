import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateEncryptionKey, newApiKey } from '@herald/platform';

/** What is made up at the first start and kept, so that keys work again after a restart. */
export interface Secrets {
  encryptionKey: string;
  adminKey: string;
  apiKey: string;
  twilioSid: string;
  twilioToken: string;
  webhookSecret: string;
  sendgridKey: string;
  vonageSecret: string;
  vonageSignatureSecret: string;
  sesPassword: string;
  /** What the sandbox's browsers have their keys from. */
  browserSeed: string;
}

/** What scripts read to talk to a running Herald. */
export interface DevFile {
  apiUrl: string;
  adminUrl: string;
  edgeUrl: string;
  sandboxUrl: string;
  apiKey: string;
  adminKey: string;
  databaseUrl: string;
  redisUrl: string;
}

/** Another Herald uses the folder. */
export class AlreadyRunningError extends Error {}

/** The folder that keeps everything between starts; one Herald at a time uses it. */
export class DataFolder {
  private constructor(readonly path: string) {}

  /** Takes the folder. @throws AlreadyRunningError */
  static take(path: string): DataFolder {
    mkdirSync(path, { recursive: true, mode: 0o755 });
    const folder = new DataFolder(path);
    folder.lock();
    return folder;
  }

  get postgres(): string {
    return join(this.path, 'postgres');
  }

  get redis(): string {
    return join(this.path, 'redis');
  }

  /** The secrets of this folder, made up when there are none. */
  secrets(): Secrets {
    const file = join(this.path, 'secrets.json');
    const known = readJson<Partial<Secrets>>(file);
    const fresh: Secrets = {
      encryptionKey: generateEncryptionKey(),
      adminKey: `hk_admin_${randomBytes(32).toString('base64url')}`,
      apiKey: newApiKey('live').key,
      twilioSid: `AC${randomBytes(16).toString('hex')}`,
      twilioToken: randomBytes(16).toString('hex'),
      webhookSecret: `whsec_${randomBytes(32).toString('base64')}`,
      sendgridKey: `SG.${randomBytes(32).toString('base64url')}`,
      vonageSecret: randomBytes(12).toString('hex'),
      vonageSignatureSecret: randomBytes(24).toString('hex'),
      sesPassword: randomBytes(24).toString('base64url'),
      browserSeed: randomBytes(32).toString('base64url'),
    };
    // A folder of an earlier release knows fewer.
    const secrets = { ...fresh, ...known };
    writeFileSync(file, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
    return secrets;
  }

  forgetSecrets(): void {
    rmSync(join(this.path, 'secrets.json'), { force: true });
  }

  writeDevFile(dev: DevFile): void {
    writeFileSync(this.devFile, `${JSON.stringify(dev, null, 2)}\n`, { mode: 0o600 });
  }

  get devFile(): string {
    return join(this.path, 'dev.json');
  }

  release(): void {
    rmSync(this.devFile, { force: true });
    rmSync(this.lockFile, { force: true });
  }

  private get lockFile(): string {
    return join(this.path, 'herald.pid');
  }

  private lock(): void {
    try {
      writeFileSync(this.lockFile, String(process.pid), { flag: 'wx' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      const pid = Number(readFileSync(this.lockFile, 'utf8'));
      if (isRunning(pid)) throw new AlreadyRunningError(this.runningMessage(pid));
      // It tells of a Herald that crashed. Who sees our id in the lock may take this file for ours.
      rmSync(this.devFile, { force: true });
      writeFileSync(this.lockFile, String(process.pid));
    }
  }

  private runningMessage(pid: number): string {
    const dev = readJson<DevFile>(this.devFile);
    const where = dev ? ` at ${dev.apiUrl}` : '';
    return (
      `Herald is already running${where} (process ${pid}) with the data in ${this.path}.\n` +
      'Stop it first, or start another one with --data-dir and --port.'
    );
  }
}

function isRunning(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    return undefined;
  }
}
