import { Metrics } from './metrics';

describe('Metrics', () => {
  it('gives the same metric for the same name', async () => {
    const metrics = new Metrics();
    const options = { name: 'herald_things_total', help: 'Things.', labels: ['kind'] } as const;
    metrics.counter(options).inc({ kind: 'a' });
    metrics.counter(options).inc({ kind: 'a' }, 2);
    const { contentType, body } = await metrics.render();
    expect(contentType).toContain('text/plain');
    expect(body).toContain('herald_things_total{kind="a"} 3');
  });

  it('refuses the same name with another type or other labels', () => {
    const metrics = new Metrics();
    metrics.counter({ name: 'herald_things_total', help: 'Things.', labels: ['kind'] });
    expect(() => metrics.counter({ name: 'herald_things_total', help: 'Things.', labels: ['sort'] })).toThrow(
      'other labels',
    );
    expect(() => metrics.gauge({ name: 'herald_things_total', help: 'Things.', labels: ['kind'] })).toThrow(
      'another type',
    );
  });

  it.each(['things_total', 'herald_Things_total', 'herald_things-total', 'herald_'])(
    'refuses the name %s',
    (name) => {
      expect(() => new Metrics().gauge({ name, help: 'x' })).toThrow(name);
    },
  );

  it('holds names to their types', () => {
    const metrics = new Metrics();
    expect(() => metrics.counter({ name: 'herald_things', help: 'x' })).toThrow('_total');
    expect(() => metrics.histogram({ name: 'herald_things', help: 'x' })).toThrow('buckets');
    expect(() =>
      metrics.histogram({ name: 'herald_batch_items', help: 'x', buckets: [1, 10] }),
    ).not.toThrow();
  });

  it('has buckets that suit seconds and bytes', async () => {
    const metrics = new Metrics();
    metrics.histogram({ name: 'herald_wait_seconds', help: 'x' }).observe(0.003);
    metrics.histogram({ name: 'herald_body_bytes', help: 'x' }).observe(3000);
    const { body } = await metrics.render();
    expect(body).toContain('herald_wait_seconds_bucket{le="0.005"} 1');
    expect(body).toContain('herald_wait_seconds_bucket{le="0.0025"} 0');
    expect(body).toContain('herald_body_bytes_bucket{le="4096"} 1');
  });

  it('asks every collector of a shared gauge when it is scraped', async () => {
    const metrics = new Metrics();
    for (const pool of ['a', 'b']) {
      metrics.gauge({
        name: 'herald_pool_connections',
        help: 'x',
        labels: ['pool'],
        collect: async (gauge) => gauge.set({ pool }, 1),
      });
    }
    const { body } = await metrics.render();
    expect(body).toContain('herald_pool_connections{pool="a"} 1');
    expect(body).toContain('herald_pool_connections{pool="b"} 1');
  });

  it('adds the figures of the process once', async () => {
    const metrics = new Metrics();
    metrics.collectDefault();
    metrics.collectDefault();
    const { body } = await metrics.render();
    expect(body).toContain('process_cpu_seconds_total');
    expect(body).toContain('nodejs_eventloop_lag_seconds');
  });
});
