import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(__dirname, '..');
const SCRIPT = join(__dirname, 'generate-env.sh');
const SECRETS = [
  'POSTGRES_PASSWORD',
  'REDIS_PASSWORD',
  'HERALD_ENCRYPTION_KEYS',
  'HERALD_ADMIN_KEY',
  'GRAFANA_PASSWORD',
];
/** Not deployed as they are: all in one process, and development only. */
const OTHERS = ['standalone', 'sandbox'];

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const variablesOf = (env: string) =>
  new Map(
    [...env.matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name as string, value as string]),
  );
const services = readdirSync(join(ROOT, 'services')).filter((name) => !OTHERS.includes(name));

describe('docker-compose.yml', () => {
  it('takes exactly the variables that .env.example tells of', () => {
    const taken = [...read('docker-compose.yml').matchAll(/\$\{([A-Z_]+)/g)].map(([, name]) => name);
    const told = [...variablesOf(read('.env.example')).keys()].filter((name) => name !== 'COMPOSE_PROFILES');
    expect([...new Set(taken)].sort()).toEqual(told.sort());
  });

  it.each(services)('starts %s, and Prometheus scrapes it', (name) => {
    expect(read('docker-compose.yml')).toContain(`command: [services/${name}/dist/main.js]`);
    expect(read('ops/prometheus/prometheus.yml')).toContain(
      `{ targets: ['${name}:3000'], labels: { app: ${name} } }`,
    );
  });

  it('waits longer than a service may take to stop', () => {
    const text = read('docker-compose.yml');
    const deadlineMs = Number(/SHUTDOWN_DEADLINE_MS: '(\d+)'/.exec(text)?.[1]);
    const graceMs = Number(/x-service:[\s\S]*?stop_grace_period: (\d+)s/.exec(text)?.[1]) * 1000;
    // Two seconds for what hangs, and for the log.
    expect(graceMs).toBeGreaterThan(deadlineMs + 2000);
  });
});

describe('ops/alertmanager/alertmanager.yml', () => {
  it('holds back only alerts that there are', () => {
    const alerts = [...read('ops/prometheus/rules.yml').matchAll(/- alert: (\w+)/g)].map(
      ([, name]) => name as string,
    );
    const matchers = [...read('ops/alertmanager/alertmanager.yml').matchAll(/alertname(=~?)"([^"]+)"/g)];
    expect(matchers.length).toBeGreaterThan(0);
    for (const [, , pattern] of matchers)
      for (const one of alternativesOf(pattern as string))
        expect([one, alerts.some((name) => new RegExp(`^${one}$`).test(name))]).toEqual([one, true]);
  });
});

/** `A(B|C(D|E))` as `AB`, `ACD` and `ACE`. */
function alternativesOf(pattern: string): string[] {
  const innermost = /\(([^()]*)\)/.exec(pattern);
  if (!innermost) return [pattern];
  const [whole, inner] = innermost as unknown as [string, string];
  return inner.split('|').flatMap((part) => alternativesOf(pattern.replace(whole, part)));
}

describe('generate-env.sh', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'herald-env-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const generate = (file: string, ...args: string[]) => {
    const output = join(folder, file);
    execFileSync(SCRIPT, [...args, '--output', output]);
    return variablesOf(readFileSync(output, 'utf8'));
  };

  it('fills in strong secrets, new ones each time, for the owner alone', () => {
    const first = generate('a', '--edge-url', 'https://edge.example.com');
    const second = generate('b', '--edge-url', 'https://edge.example.com');
    for (const name of SECRETS) {
      expect(first.get(name)?.length).toBeGreaterThanOrEqual(32);
      expect(first.get(name)).not.toBe(second.get(name));
    }
    const key = /^\d{4}a:(.+)$/.exec(first.get('HERALD_ENCRYPTION_KEYS') as string)?.[1] as string;
    expect(Buffer.from(key, 'base64')).toHaveLength(32);
    expect(first.get('EDGE_PUBLIC_URL')).toBe('https://edge.example.com');
    expect([...first.keys()]).toEqual([...variablesOf(read('.env.example')).keys()]);
    expect(statSync(join(folder, 'a')).mode & 0o777).toBe(0o600);
  });

  it('starts the sandbox only when asked to', () => {
    expect(generate('a', '--edge-url', 'https://edge.example.com').get('COMPOSE_PROFILES')).toBe('');
    const dev = generate('b', '--dev');
    expect([dev.get('COMPOSE_PROFILES'), dev.get('EGRESS_ALLOWED_TARGETS')]).toEqual(['dev', 'sandbox']);
  });

  it('does not overwrite', () => {
    generate('a', '--dev');
    const before = readFileSync(join(folder, 'a'), 'utf8');
    const { status } = spawnSync(SCRIPT, ['--dev', '--output', join(folder, 'a')]);
    expect([status, readFileSync(join(folder, 'a'), 'utf8')]).toEqual([73, before]);
  });

  it.each([[[]], [['--edge-url', 'edge.example.com']], [['--edge-url']], [['--fresh']]])(
    'wants to know where the edge is: %j',
    (args) => {
      const { status } = spawnSync(SCRIPT, [...args, '--output', join(folder, 'a')]);
      expect([status, readdirSync(folder)]).toEqual([64, []]);
    },
  );
});
