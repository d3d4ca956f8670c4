import { type RouteContract } from '@herald/contracts';
import { type Express } from 'express';
import request from 'supertest';
import { unauthorized } from '../auth/principal';
import { Health } from '../health/health';
import { createLogger } from '../log/create-logger';
import { Metrics } from '../metrics/metrics';
import { createHttpApp } from './create-http-app';
import { mountRoutes, type RouteContext } from './mount-routes';
import { ProblemError } from './problem-error';

const ID = '0190b0a0-0000-7000-8000-000000000001';
const base = { method: 'get', tag: 't', summary: 's', access: 'public', responses: {} } as const;
const ROUTES = [
  { ...base, operationId: 'getThing', path: '/v1/things/{id}' },
  { ...base, operationId: 'fail', path: '/v1/fail/{how}' },
] as const satisfies RouteContract[];

const FAILURES: Record<string, () => Error> = {
  bug: () => new TypeError('secret detail of ada@example.com'),
  outage: () => Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:5432'), { code: 'ECONNREFUSED' }),
  conflict: () => new ProblemError('conflict', 'Not now.', { headers: { 'x-extra': '1' }, state: 'sent' }),
};

describe('createHttpApp', () => {
  let app: Express;
  let logs: Record<string, unknown>[];
  let metrics: Metrics;
  let health: Health;

  beforeEach(() => {
    logs = [];
    metrics = new Metrics();
    health = new Health();
    const destination = { write: (line: string) => void logs.push(JSON.parse(line)) };
    const logger = createLogger({ service: 'test', level: 'debug', destination });
    app = createHttpApp({ service: 'test', logger, metrics, health });
    const handlers = {
      getThing: async () => ({ status: 200, body: {} }),
      fail: async ({ params }: RouteContext) => {
        throw FAILURES[params.how as string]?.() ?? new ProblemError('not-found');
      },
    };
    mountRoutes(app, ROUTES, handlers, { authenticate: () => unauthorized('') });
    app.get('/page', (_req, res) => res.end('page'));
  });

  describe('errors', () => {
    it('say nothing about bugs, and log them', async () => {
      const answer = await request(app).get('/v1/fail/bug').set('x-request-id', 'req-1');
      expect([answer.status, answer.body]).toEqual([
        500,
        {
          type: 'urn:herald:problem:internal',
          title: 'Something went wrong on our side',
          status: 500,
          requestId: 'req-1',
        },
      ]);
      expect(logs).toContainEqual(
        expect.objectContaining({
          level: 'error',
          requestId: 'req-1',
          err: expect.objectContaining({ type: 'TypeError' }),
        }),
      );
    });

    it('are a 503 with Retry-After when something is down', async () => {
      const answer = await request(app).get('/v1/fail/outage');
      expect([answer.status, answer.headers['retry-after']]).toEqual([503, '5']);
      expect(answer.text).not.toContain('10.0.0.1');
    });

    it('carry the headers and extensions of a ProblemError', async () => {
      const answer = await request(app).get('/v1/fail/conflict');
      expect(answer.status).toBe(409);
      expect(answer.headers['x-extra']).toBe('1');
      expect(answer.body).toMatchObject({ detail: 'Not now.', state: 'sent' });
    });

    it('also end routes that were added by hand, and later', async () => {
      app.get('/late', () => {
        throw new ProblemError('forbidden');
      });
      expect((await request(app).get('/late')).body.type).toBe('urn:herald:problem:forbidden');
    });
  });

  describe('request ids, logs and metrics', () => {
    const untilLogged = async (route: string) => {
      const deadline = Date.now() + 4000;
      while (Date.now() < deadline) {
        const line = logs.find((log) => log.route === route);
        if (line) return line;
        await new Promise((resolve) => setImmediate(resolve));
      }
      throw new Error(`${route} was not logged`);
    };

    it('keeps a sane request id and replaces others', async () => {
      const kept = await request(app).get('/page').set('x-request-id', 'abc-1');
      expect(kept.headers['x-request-id']).toBe('abc-1');
      for (const bad of ['a b', '<script>', 'x'.repeat(129), '']) {
        const answer = await request(app).get('/page').set('x-request-id', bad);
        expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
      }
    });

    it('logs and counts by the template of the path, never the path', async () => {
      const answer = await request(app).get(`/v1/things/${ID}?limit=secret`);
      const line = await untilLogged('/v1/things/{id}');
      expect(line).toEqual({
        level: 'info',
        time: expect.any(String),
        service: 'test',
        requestId: answer.headers['x-request-id'],
        method: 'GET',
        route: '/v1/things/{id}',
        status: 422,
        durationMs: expect.any(Number),
        msg: 'request',
      });
      await request(app).get('/wp-admin.php');
      await untilLogged('unmatched');
      const { body } = await metrics.render();
      expect(body).toContain(
        'herald_http_requests_total{service="test",method="GET",route="/v1/things/{id}",status="422"} 1',
      );
      expect(body).toMatch(/duration_seconds_count\{service="test",method="GET",route="unmatched"\} 1/);
      expect(JSON.stringify(logs) + body).not.toMatch(/wp-admin|secret/);
    });

    it('logs server errors as errors', async () => {
      await request(app).get('/v1/fail/bug');
      expect(await untilLogged('/v1/fail/{how}')).toMatchObject({ level: 'error', status: 500 });
    });

    it('counts a client that hung up as 499', async () => {
      app.get('/hang', (req) => req.socket.destroy());
      await expect(request(app).get('/hang')).rejects.toThrow();
      expect(await untilLogged('unmatched')).toMatchObject({ status: 499 });
    });
  });

  describe('operations', () => {
    it('answers livez, readyz and metrics', async () => {
      health.add('postgres', async () => undefined);
      expect((await request(app).get('/livez')).status).toBe(200);
      const ready = await request(app).get('/readyz?x=1');
      expect([ready.status, ready.body]).toEqual([200, { ok: true, checks: { postgres: { ok: true } } }]);
      const scraped = await request(app).get('/metrics');
      expect(scraped.headers['content-type']).toContain('text/plain');
      expect(scraped.text).toContain('route="/livez"');
      expect((await request(app).post('/readyz')).status).toBe(405);
      expect(logs.filter((log) => log.level !== 'debug').map((log) => log.route)).toEqual([]);
    });

    it('is not ready, but alive, when a check fails or it is stopping', async () => {
      health.add('postgres', () => Promise.reject(new Error('down')));
      const failing = await request(app).get('/readyz');
      expect([failing.status, failing.body.checks.postgres]).toEqual([503, { ok: false, error: 'down' }]);
      health.markStopping();
      expect((await request(app).get('/readyz')).body.checks.process.error).toBe('stopping');
      expect((await request(app).get('/livez')).status).toBe(200);
    });

    it('sends security headers and no advertisement', async () => {
      const { headers } = await request(app).get('/livez');
      expect(headers).toMatchObject({
        'content-security-policy': "default-src 'none';frame-ancestors 'none'",
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
      });
      expect(headers['x-powered-by']).toBeUndefined();
    });
  });
});
