import { type Client } from '@herald/testing';

/** The samples of a Prometheus text: name, labels and value of each. */
export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** Reads `/metrics` of a service. */
export async function readMetrics(service: Pick<Client, 'get'>): Promise<Sample[]> {
  const { status, body } = await service.get<string>('/metrics');
  if (status !== 200) throw new Error(`/metrics answered ${status}`);
  return body.split('\n').flatMap((line) => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (!name) return [];
    const found = [...labels.matchAll(LABEL)].map(([, key, text]) => [key as string, text as string]);
    return [{ name, labels: Object.fromEntries(found), value: Number(value) }];
  });
}

/** The sum of a metric's samples that have these labels; 0 when there is none. */
export async function counter(
  service: Pick<Client, 'get'>,
  name: string,
  labels: Record<string, string> = {},
): Promise<number> {
  return sumOf(await readMetrics(service), name, labels);
}

export function sumOf(samples: readonly Sample[], name: string, labels: Record<string, string> = {}): number {
  return samples
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}
