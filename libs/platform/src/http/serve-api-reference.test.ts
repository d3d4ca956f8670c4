import { type Express } from 'express';
import request from 'supertest';
import { Health } from '../health/health';
import { createLogger } from '../log/create-logger';
import { Metrics } from '../metrics/metrics';
import { createHttpApp } from './create-http-app';
import { serveApiReference } from './serve-api-reference';

describe('serveApiReference', () => {
  let app: Express;
  beforeAll(() => {
    const logger = createLogger({ service: 'test', level: 'silent' });
    app = createHttpApp({ service: 'test', logger, metrics: new Metrics(), health: new Health() });
    serveApiReference(app, { openapi: () => ({ openapi: '3.1.0' }), title: 'A <b>' });
  });

  it('serves the document', async () => {
    expect((await request(app).get('/openapi.json')).body).toEqual({ openapi: '3.1.0' });
  });

  it('serves a page whose every resource is local and allowed by its policy', async () => {
    const page = await request(app).get('/docs');
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = page.headers['content-security-policy'] as string;
    expect(policy).toContain("script-src 'self'");
    expect(policy).not.toMatch(/https?:|upgrade-insecure|script-src[^;]*unsafe/);
    expect(page.text).toContain('<title>A &#60;b&#62;</title>');
    expect(page.text).not.toMatch(/<script>|https?:\/\//);
    const resources = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string);
    expect(resources).toHaveLength(4);
    for (const resource of resources) {
      const answer = await request(app).get(resource);
      expect([resource, answer.status, answer.headers['x-content-type-options']]).toEqual([
        resource,
        200,
        'nosniff',
      ]);
      expect(answer.headers['content-type']).toMatch(/^(text\/css|text\/javascript|image\/png)/);
    }
  });

  it('serves nothing else of the package, and GET alone', async () => {
    for (const path of [
      '/docs/package.json',
      '/docs/../package.json',
      '/docs/%2e%2e/package.json',
      '/docs/index.html',
    ]) {
      expect((await request(app).get(path)).status).toBe(404);
    }
    expect((await request(app).post('/docs')).headers.allow).toBe('GET, HEAD');
  });
});
