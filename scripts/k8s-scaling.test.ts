import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { describeOverlays, type Labels, ROOT, read, SERVICES, selects } from './k8s-manifests';

describeOverlays('k8s scaling', ({ name: overlay, config, deployments, of }) => {
  const scalers = [...of('HorizontalPodAutoscaler'), ...of('ScaledObject')];
  const targets = scalers.map(({ spec }) => spec.scaleTargetRef.name);

  it('is by one scaler for each API and worker, or by none', () => {
    const scaled = deployments.filter(({ labels }) =>
      ['api', 'worker'].includes(labels['app.kubernetes.io/component'] ?? ''),
    );
    const wanted = overlay === 'dev' ? [] : scaled.map(({ name }) => name).sort();
    expect(targets.sort()).toEqual(wanted);
    const fixed = deployments.filter(({ manifest }) => manifest.spec.replicas !== undefined);
    expect(fixed.filter(({ name }) => targets.includes(name))).toEqual([]);
  });

  it('has bounds, of two pods at least', () => {
    for (const { metadata, spec } of scalers) {
      expect(spec.scaleTargetRef.name).toBe(metadata.name);
      const low = spec.minReplicas ?? spec.minReplicaCount;
      const high = spec.maxReplicas ?? spec.maxReplicaCount;
      expect(low).toBeGreaterThanOrEqual(2);
      expect(high).toBeGreaterThan(low);
      if (!spec.fallback) continue;
      expect(spec.fallback.replicas).toBeGreaterThanOrEqual(low);
      expect(spec.fallback.replicas).toBeLessThanOrEqual(high);
    }
  });

  it('asks for age and depth of its channel', () => {
    const metrics = read('docs/metrics.md');
    for (const { metadata, spec } of of('ScaledObject')) {
      const channel = metadata.name.replace('worker-', '');
      const queries: string[] = spec.triggers.map((trigger: { metadata: Labels }) => trigger.metadata.query);
      for (const query of queries) {
        const [, metric, labels] = /max by \(channel, lane\) \((\w+)\{(.*)\}\)/.exec(query) ?? [];
        expect(metrics).toContain(`| \`${metric}\` | gauge | \`channel\`, \`lane\` |`);
        expect(labels).toContain(`job="herald",channel="${channel}"`);
      }
      const lanes = queries.flatMap((query) => /oldest_age_seconds.*lane="(\w+)"/.exec(query)?.[1] ?? []);
      expect(lanes).toEqual(['critical', 'default', 'bulk']);
      expect(queries.filter((query) => /^sum\(.*herald_queue_deliveries/.test(query))).toHaveLength(1);
    }
  });

  it('takes as many connections of Postgres as the page says', () => {
    if (overlay === 'dev') return;
    const most = scalers.reduce((sum, { spec }) => sum + (spec.maxReplicas ?? spec.maxReplicaCount), 0);
    const fixed = deployments.reduce((sum, { manifest }) => sum + (manifest.spec.replicas ?? 0), 0);
    const connections = (most + fixed) * Number(config.DATABASE_POOL_SIZE);
    expect(read('docs/deploy-kubernetes.md')).toContain(`**${connections} connections**`);
  });
});

describeOverlays('k8s monitoring', ({ name: overlay, workloads, of }) => {
  it('scrapes all but the sandbox and the migration, with the labels of the alerts', () => {
    for (const { spec } of of('PodMonitor')) {
      const scraped = workloads.filter(({ labels }) => selects(spec.selector, labels));
      expect(scraped.map(({ name }) => name).sort()).toEqual([...SERVICES].sort());
      const [endpoint] = spec.podMetricsEndpoints;
      for (const { container } of scraped) expect(container.ports[0].name).toBe(endpoint.port);
      const labels = endpoint.relabelings.map(({ targetLabel }: Labels) => targetLabel);
      expect(labels).toEqual(['job', 'app']);
    }
  });

  it('has the rules of ops/prometheus/rules.yml', () => {
    execFileSync('node', ['scripts/generate-k8s-rules.js', '--check'], { cwd: ROOT });
    const rules = parse(read('ops/prometheus/rules.yml'));
    for (const rule of of('PrometheusRule')) expect(rule.spec).toEqual(rules);
    expect(of('PrometheusRule')).toHaveLength(overlay === 'dev' ? 0 : 1);
  });

  it('has the dashboards of ops/grafana, each small enough for what kubectl apply notes of it', () => {
    if (overlay === 'dev') return;
    const maps = of('ConfigMap').filter(({ metadata }) => metadata.labels?.grafana_dashboard === '1');
    const shown = Object.fromEntries(maps.flatMap(({ data }) => Object.entries(data)));
    const files = readdirSync(join(ROOT, 'ops/grafana/dashboards')).filter((file) => file.endsWith('.json'));
    expect(shown).toEqual(
      Object.fromEntries(files.map((file) => [file, read(`ops/grafana/dashboards/${file}`)])),
    );
    for (const map of maps) expect(JSON.stringify(map).length).toBeLessThan(262_144);
  });
});
