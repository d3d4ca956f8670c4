import { Health } from './health';

describe('Health', () => {
  it('is ready when every check passes', async () => {
    const health = new Health();
    expect(await health.ready()).toEqual({ ok: true, checks: {} });
    health.add('postgres', async () => undefined);
    expect(await health.ready()).toEqual({ ok: true, checks: { postgres: { ok: true } } });
  });

  it('names what fails, without credentials', async () => {
    const health = new Health();
    health.add('postgres', async () => undefined);
    health.add('redis', async () => {
      throw new Error('cannot reach redis://default:hunter2@redis:6379');
    });
    health.add('other', () =>
      Promise.reject(Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' })),
    );
    expect(await health.ready()).toEqual({
      ok: false,
      checks: {
        postgres: { ok: true },
        redis: { ok: false, error: 'cannot reach redis://***@redis:6379' },
        other: { ok: false, error: 'ECONNREFUSED' },
      },
    });
  });

  it('fails a check that throws at once or takes too long', async () => {
    const health = new Health();
    health.add('slow', () => new Promise(() => undefined), { timeoutMs: 20 });
    health.add('broken', () => {
      throw new Error('a bug');
    });
    expect((await health.ready()).checks).toEqual({
      slow: { ok: false, error: 'no answer within 20 ms' },
      broken: { ok: false, error: 'a bug' },
    });
  });

  it('runs a check at most once a second, also for askers at the same time', async () => {
    const clock = { now: 0 };
    const health = new Health(() => clock.now);
    let runs = 0;
    health.add('postgres', async () => void runs++);
    await Promise.all([health.ready(), health.ready()]);
    clock.now = 999;
    await health.ready();
    expect(runs).toBe(1);
    clock.now = 1000;
    await health.ready();
    expect(runs).toBe(2);
  });

  it('is not ready once it is stopping', async () => {
    const health = new Health();
    health.add('postgres', async () => undefined);
    health.markStopping();
    expect(await health.ready()).toEqual({
      ok: false,
      checks: { postgres: { ok: true }, process: { ok: false, error: 'stopping' } },
    });
  });
});
