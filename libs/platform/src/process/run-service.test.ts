import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Lets a plain Node process load the sources, so that signals and exits are real. */
const LOAD_TYPESCRIPT = `
  const { readFileSync } = require('node:fs');
  const { transformSync } = require('@swc/core');
  const jsc = {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: false },
  };
  require.extensions['.ts'] = (module, file) => {
    const { code } = transformSync(readFileSync(file, 'utf8'), { filename: file, jsc, module: { type: 'commonjs' } });
    module._compile(code, file);
  };
`;

/** A service whose `start` is the given code; it may use `context` and `say`, which writes a line to stderr. */
function program(start: string): string {
  return `
    ${LOAD_TYPESCRIPT}
    const { LogConfig, ShutdownConfig } = require('./src/config/common-config');
    const { Nested } = require('./src/config/env');
    const { runService } = require('./src/process/run-service');
    class Config {
      check() { return { warnings: ['RISKY: is on'] }; }
    }
    Nested(() => LogConfig)(Config.prototype, 'log');
    Nested(() => ShutdownConfig)(Config.prototype, 'shutdown');
    const say = (text) => process.stderr.write(text + '\\n');
    setInterval(() => {}, 1000);
    runService({ name: 'demo', configClass: Config, env: process.env, start: async (context) => { ${start} } });
  `;
}

class Service {
  stdout = '';
  stderr = '';
  readonly exit: Promise<number | null>;
  private readonly child: ChildProcess;

  constructor(start: string, env: Record<string, string> = {}) {
    this.child = spawn(process.execPath, ['-e', program(start)], {
      cwd: join(__dirname, '../..'),
      env: { PATH: process.env.PATH, LOG_LEVEL: 'info', ...env },
    });
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exit = once(this.child, 'close').then(([code]) => code);
  }

  get logs(): Record<string, unknown>[] {
    return this.stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line));
  }

  get messages(): unknown[] {
    return this.logs.map((line) => line.msg);
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  async until(text: string): Promise<void> {
    const deadline = Date.now() + 10_000;
    while (!(this.stdout + this.stderr).includes(text)) {
      if (Date.now() > deadline) throw new Error(`"${text}" did not come: ${this.stdout}${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

jest.setTimeout(20_000);

describe('runService', () => {
  const running: Service[] = [];
  afterEach(() => {
    for (const service of running.splice(0)) service.kill('SIGKILL');
  });
  const run = (start: string, env?: Record<string, string>) => {
    const service = new Service(start, env);
    running.push(service);
    return service;
  };

  it('exits 78 with every error before anything starts', async () => {
    const service = run(`say('started')`, { LOG_LEVEL: 'loud', SHUTDOWN_DEADLINE_MS: '5s' });
    expect(await service.exit).toBe(78);
    expect(service.stderr).toContain(
      'demo: The configuration has 2 error(s):\n  - LOG_LEVEL: got "loud", wants one of',
    );
    expect(service.stderr).toContain('  - SHUTDOWN_DEADLINE_MS: got "5s", wants an integer of milliseconds');
    expect(service.stderr).not.toContain('started');
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'stops on %s, not ready meanwhile, flushes its logs and exits 0',
    async (signal) => {
      const service = run(
        `return {
        stop: async (deadlineMs) => {
          const { ok } = await context.health.ready();
          context.logger.info({ deadlineMs, ready: ok }, 'releasing');
        },
      };`,
        { SHUTDOWN_DEADLINE_MS: '1234' },
      );
      await service.until('"started"');
      service.kill(signal);
      expect(await service.exit).toBe(0);
      expect(service.messages).toEqual(['RISKY: is on', 'started', 'stopping', 'releasing', 'stopped']);
      expect(service.logs[3]).toMatchObject({ deadlineMs: 1234, ready: false, service: 'demo' });
    },
  );

  it('exits at once on a second signal', async () => {
    const service = run(`return { stop: () => new Promise(() => {}) };`);
    await service.until('"started"');
    service.kill('SIGTERM');
    await service.until('"stopping"');
    service.kill('SIGINT');
    expect(await service.exit).toBe(1);
  });

  it('exits 1 when stopping outlasts the deadline, or fails', async () => {
    const hanging = run(`return { stop: () => new Promise(() => {}) };`, { SHUTDOWN_DEADLINE_MS: '0' });
    const failing = run(`return { stop: async () => { throw new Error('stuck'); } };`);
    for (const service of [hanging, failing]) {
      await service.until('"started"');
      service.kill('SIGTERM');
      expect(await service.exit).toBe(1);
    }
    expect(hanging.messages).toContain('stopping took too long: work is left');
    expect(failing.messages).toContain('stopping failed');
  });

  it('stops a service that was still starting once it has started', async () => {
    const service = run(`
      say('starting');
      await new Promise((resolve) => setTimeout(resolve, 300));
      return { stop: async () => say('released') };
    `);
    await service.until('starting');
    service.kill('SIGTERM');
    expect(await service.exit).toBe(0);
    expect(service.stderr).toContain('released');
  });

  it('exits 1 when it cannot start', async () => {
    const service = run(`throw new Error('Port 80 is taken');`);
    expect(await service.exit).toBe(1);
    expect(service.logs.at(1)).toMatchObject({ level: 'fatal', err: { message: 'Port 80 is taken' } });
  });

  it.each([
    ['an exception', `setTimeout(() => { throw new Error('boom'); }, 50);`],
    ['a rejection', `setTimeout(() => Promise.reject(new Error('boom')), 50);`],
  ])('logs %s that nobody handled, releases what it holds and exits 1', async (_what, code) => {
    const service = run(
      `${code} return { stop: async (deadlineMs) => say('released within ' + deadlineMs) };`,
    );
    expect(await service.exit).toBe(1);
    expect(service.logs).toContainEqual(
      expect.objectContaining({ level: 'fatal', err: expect.objectContaining({ message: 'boom' }) }),
    );
    expect(service.stderr).toContain('released within 3000');
  });
});
