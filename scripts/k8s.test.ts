import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  describeOverlays,
  envFile,
  type Labels,
  type Manifest,
  ROOT,
  read,
  SECRETS_EXAMPLE,
  SERVICES,
  selects,
  type Workload,
} from './k8s-manifests';

const MIB = 2 ** 20;
/** --max-semi-space-size=64: the young generation takes up to three times that. Then code, stacks and buffers. */
const BESIDE_HEAP_MIB = 3 * 64 + 64;
/** What a process may take beyond SHUTDOWN_DEADLINE_MS: see run-service.ts. */
const GRACE_SECONDS = 2;
const named = (workloads: Workload[]) => workloads.map((workload) => [workload.name, workload] as const);

describeOverlays('k8s', (overlay) => {
  const { config, deployments, workloads, of } = overlay;

  it('deploys every service, from what the image holds', () => {
    const sandbox = overlay.name === 'dev' ? ['sandbox'] : [];
    expect(deployments.map(({ name }) => name).sort()).toEqual([...SERVICES, ...sandbox].sort());
    for (const { container } of workloads) {
      const script = container.args[0].replace('/dist/main.js', '/src/main.ts');
      expect(existsSync(join(ROOT, script))).toBe(true);
    }
  });

  it('runs one version of the image, by a tag or a digest', () => {
    const images = new Map(workloads.map(({ name, container }) => [name, container.image as string]));
    const sandbox = images.get('sandbox');
    images.delete('sandbox');
    const [image = '', ...others] = new Set(images.values());
    expect(others).toEqual([]);
    expect(image).toMatch(/(:|@sha256:)[\w.-]+$/);
    expect(image).not.toMatch(/:latest$/);
    if (overlay.name === 'dev') expect(sandbox).toBe(image.replace('herald:', 'herald-sandbox:'));
  });

  it.each(named(workloads))(
    '%s: keeps to the restricted Pod Security profile',
    (_name, { pod, container }) => {
      expect(pod).toMatchObject({
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect([...pod.containers, ...(pod.initContainers ?? [])]).toHaveLength(1);
      for (const host of ['hostNetwork', 'hostPID', 'hostIPC', 'hostUsers'])
        expect(pod).not.toHaveProperty(host);
      const kinds = pod.volumes.flatMap(({ name: _, ...volume }: Manifest) => Object.keys(volume));
      expect(kinds.filter((kind: string) => !['emptyDir', 'configMap', 'secret'].includes(kind))).toEqual([]);
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      });
      const account = of('ServiceAccount').find(({ metadata }) => metadata.name === pod.serviceAccountName);
      expect(account?.automountServiceAccountToken).toBe(false);
    },
  );

  it.each(named(workloads))('%s: has requests and limits, and a heap that fits', (_name, { container }) => {
    const { requests, limits } = container.resources;
    for (const amounts of [requests, limits]) expect(Object.keys(amounts).sort()).toEqual(['cpu', 'memory']);
    expect(cpus(requests.cpu)).toBeLessThanOrEqual(cpus(limits.cpu));
    expect(bytes(requests.memory)).toBeLessThanOrEqual(bytes(limits.memory));
    const options = container.env.find(({ name }: Labels) => name === 'NODE_OPTIONS').value;
    const heapMib = Number(/^--max-old-space-size=(\d+)$/.exec(options)?.[1]);
    expect((heapMib + BESIDE_HEAP_MIB) * MIB).toBeLessThanOrEqual(bytes(limits.memory));
  });

  it.each(named(deployments))('%s: is probed where it listens', (_name, { container }) => {
    const paths = { startupProbe: '/livez', livenessProbe: '/livez', readinessProbe: '/readyz' };
    const ports = container.ports.map(({ name }: Labels) => name);
    for (const [probe, path] of Object.entries(paths)) {
      expect(container[probe].httpGet.path).toBe(path);
      expect(ports).toContain(container[probe].httpGet.port);
    }
  });

  it.each(named(deployments))('%s: has time to end', (_name, { labels, pod, container }) => {
    const sleep = container.lifecycle?.preStop.sleep.seconds ?? 0;
    if (labels['app.kubernetes.io/component'] === 'api') expect(sleep).toBeGreaterThanOrEqual(5);
    const needed = sleep + Number(config.SHUTDOWN_DEADLINE_MS) / 1000 + GRACE_SECONDS;
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(needed);
  });

  it.each(named(deployments.filter(({ name }) => name !== 'sandbox')))(
    '%s: is spread, replaced and evicted one by one',
    (name, { labels, manifest, pod }) => {
      expect(manifest.spec.strategy.rollingUpdate.maxUnavailable).toBe(0);
      const [zones] = pod.topologySpreadConstraints;
      const [{ podAffinityTerm: hosts }] =
        pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
      expect([zones.topologyKey, hosts.topologyKey]).toEqual([
        'topology.kubernetes.io/zone',
        'kubernetes.io/hostname',
      ]);
      for (const term of [zones, hosts]) {
        expect(selects(term.labelSelector, labels)).toBe(true);
        expect(term.matchLabelKeys).toContain('app.kubernetes.io/name');
      }
      const budgets = of('PodDisruptionBudget').filter(({ spec }) => selects(spec.selector, labels));
      expect(budgets.map(({ metadata }) => metadata.name)).toEqual([name]);
      expect(budgets[0]?.spec.maxUnavailable).toBe(1);
    },
  );

  it.each(named(deployments))('%s: selects its own pods only', (name, { manifest }) => {
    const selected = workloads.filter(({ labels }) => selects(manifest.spec.selector, labels));
    expect(selected.map((workload) => workload.name)).toEqual([name]);
  });

  describe('settings', () => {
    const documented = settingsOf(read('docs/configuration.md'));
    const secretKeys = Object.keys(envFile(read(SECRETS_EXAMPLE))).sort();
    const own = ({ container }: Workload): Manifest[] =>
      container.env.filter(({ name }: Labels) => !name?.startsWith('NODE_'));

    it.each(named(deployments))(
      '%s: gets what it requires, and nothing that it does not know',
      (name, workload) => {
        const settings = documented.get(name) ?? new Map<string, boolean>();
        const given = own(workload).map((variable) => variable.name as string);
        expect(given.filter((variable) => !settings.has(variable))).toEqual([]);
        const all = [...given, ...(workload.container.envFrom ? Object.keys(config) : [])];
        const required = [...settings].filter(([, isRequired]) => isRequired).map(([variable]) => variable);
        expect(required.filter((variable) => !all.includes(variable))).toEqual([]);
      },
    );

    it('are all documented', () => {
      const known = [...documented.values()].flatMap((settings) => [...settings.keys()]);
      expect(Object.keys(config).filter((variable) => !known.includes(variable))).toEqual([]);
    });

    it('take secrets from one Secret, whose keys the example lists', () => {
      const refs = workloads
        .flatMap(own)
        .flatMap(({ valueFrom }) => (valueFrom ? [valueFrom.secretKeyRef] : []));
      expect([...new Set(refs.map(({ name }) => name))]).toEqual(['herald-secrets']);
      expect([...new Set(refs.map(({ key }) => key))].sort()).toEqual(secretKeys);
      const made = of('Secret').flatMap(({ data }) => Object.keys(data));
      const fetched = of('ExternalSecret').flatMap(({ spec }) =>
        spec.data.map(({ secretKey }: Labels) => secretKey),
      );
      expect([...new Set([...made, ...fetched])].sort()).toEqual(secretKeys);
    });

    it('say the public address once', () => {
      if (overlay.name === 'dev') return;
      const hosts = of('Ingress').flatMap(({ spec }) => spec.rules.map(({ host }: Labels) => host));
      expect([...new Set(hosts.map((host) => `https://${host}`))]).toEqual([config.EDGE_PUBLIC_URL]);
    });
  });
});

/** For each service: its variables, and whether they are required. */
function settingsOf(page: string): Map<string, Map<string, boolean>> {
  const sections = page.split(/^## /m).slice(1);
  return new Map(
    sections.flatMap((section) => {
      const rows = [...section.matchAll(/^\| `(\w+)`[^|]*\|([^|]*)\|/gm)];
      const settings = new Map(rows.map(([, name = '', value = '']) => [name, value.includes('required')]));
      const [title = ''] = section.split('\n');
      return title.split(', ').map((service) => [service.replace(/ \(.*/, ''), settings] as const);
    }),
  );
}

function cpus(quantity: string): number {
  return quantity.endsWith('m') ? Number(quantity.slice(0, -1)) / 1000 : Number(quantity);
}

function bytes(quantity: string): number {
  const [, amount, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  return Number(amount) * (unit === 'Gi' ? 2 ** 30 : MIB);
}
