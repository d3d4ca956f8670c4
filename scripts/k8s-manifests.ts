import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';

/** A Kubernetes object of any kind. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; labels?: Labels; annotations?: Labels };
  // biome-ignore lint/suspicious/noExplicitAny: each kind has fields of its own
  [field: string]: any;
}
export type Labels = Record<string, string>;

/** A Deployment or Job, with what the checks look at. */
export interface Workload {
  name: string;
  labels: Labels;
  manifest: Manifest;
  pod: Manifest['spec'];
  container: Manifest['spec'];
}

export interface Overlay {
  name: string;
  /** Of the services and of the migration together. */
  of(kind: string): Manifest[];
  /** What every service is told. */
  config: Labels;
  deployments: Workload[];
  /** Deployments and the Job of the migration. */
  workloads: Workload[];
}

export const ROOT = join(__dirname, '..');
export const SECRETS_EXAMPLE = 'k8s/overlays/dev/environment/secrets.env.example';
/** Every service that production runs. */
export const SERVICES = readdirSync(join(ROOT, 'services')).filter(
  (name) => !['standalone', 'sandbox'].includes(name),
);
const OVERLAYS = ['dev', 'production'];

const kubectl = spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore' }).status === 0;

/** `describe`, or without kubectl one test that is skipped, and a line that says why. */
export function describeOverlays(title: string, checks: (overlay: Overlay) => void): void {
  if (kubectl) describe.each(renderOverlays())(`${title}: $name`, checks);
  else {
    process.stderr.write(`${title}: not checked, since kubectl is not installed\n`);
    describe(title, () => it.skip('needs kubectl, which is not installed', () => undefined));
  }
}

/** The text of a file of this repository. */
export function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

/** Names and values of an env file. */
export function envFile(text: string): Labels {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0], line.slice(line.indexOf('=') + 1)]));
}

/** Whether a label selector takes these labels. */
export function selects(selector: Manifest['spec'], labels: Labels = {}): boolean {
  const expressions: { key: string; operator: string; values?: string[] }[] = selector.matchExpressions ?? [];
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    expressions.every(({ key, operator, values = [] }) => {
      const value = labels[key];
      if (operator === 'In') return value !== undefined && values.includes(value);
      if (operator === 'NotIn') return value === undefined || !values.includes(value);
      throw new Error(`unknown operator ${operator}`);
    })
  );
}

/** In a copy, where the secrets that are not committed are those of the example. */
function renderOverlays(): Overlay[] {
  const folder = mkdtempSync(join(tmpdir(), 'herald-k8s-'));
  try {
    for (const part of ['k8s', 'ops']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
    copyFileSync(join(ROOT, SECRETS_EXAMPLE), join(folder, SECRETS_EXAMPLE.replace('.example', '')));
    return OVERLAYS.map((name) => {
      const rest = render(join(folder, 'k8s/overlays', name));
      const migration = render(join(folder, 'k8s/overlays', name, 'migrate'));
      return overlayOf(name, [...rest, ...migration]);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function render(folder: string): Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', folder], { encoding: 'utf8', maxBuffer: 2 ** 26 });
  return parseAllDocuments(text).map((document) => document.toJS() as Manifest);
}

function overlayOf(name: string, all: Manifest[]): Overlay {
  const of = (kind: string) => all.filter((manifest) => manifest.kind === kind);
  const deployments = of('Deployment').map(workloadOf);
  const config = of('ConfigMap').find(({ metadata }) => /^herald-config-/.test(metadata.name));
  return {
    name,
    of,
    config: config?.data ?? {},
    deployments,
    workloads: [...deployments, ...of('Job').map(workloadOf)],
  };
}

function workloadOf(manifest: Manifest): Workload {
  const { metadata, spec } = manifest.spec.template;
  return {
    name: manifest.metadata.name,
    labels: metadata.labels,
    manifest,
    pod: spec,
    container: spec.containers[0],
  };
}
