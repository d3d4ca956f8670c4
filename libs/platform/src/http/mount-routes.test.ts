import { type RouteContract } from '@herald/contracts';
import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString } from 'class-validator';
import { type Express } from 'express';
import request from 'supertest';
import { type AuthFailure, type Principal, unauthorized } from '../auth/principal';
import { Health } from '../health/health';
import { createLogger } from '../log/create-logger';
import { Metrics } from '../metrics/metrics';
import { createHttpApp } from './create-http-app';
import { mountRoutes, type RouteContext, type RouteDeps } from './mount-routes';

const pointersOf = ({ body }: request.Response) =>
  body.errors.map(({ pointer }: { pointer: string }) => pointer).sort();
const ID = '0190b0a0-0000-7000-8000-000000000001';

class ThingDto {
  @IsString() name: string;
  @IsOptional() @IsInt() size?: number;
}
class ListDto {
  @IsOptional() @Type(() => Number) @IsInt() limit?: number;
  @IsOptional() @IsString() name?: string;
}

const base = { tag: 'things', summary: 's', responses: { 200: { description: 'ok' } } };
const ROUTES = [
  { ...base, operationId: 'getThing', method: 'get', path: '/v1/things/{id}', access: 'notifications:read' },
  {
    ...base,
    operationId: 'list',
    method: 'get',
    path: '/v1/things',
    access: 'notifications:read',
    query: ListDto,
  },
  {
    ...base,
    operationId: 'batch',
    method: 'post',
    path: '/v1/things/batch',
    access: 'public',
    body: ThingDto,
    bodyOptional: true,
  },
  {
    ...base,
    operationId: 'replace',
    method: 'put',
    path: '/v1/things/{id}',
    access: 'public',
    body: ThingDto,
    query: ListDto,
  },
  {
    ...base,
    operationId: 'create',
    method: 'post',
    path: '/v1/things',
    access: 'notifications:write',
    body: ThingDto,
    bodyLimitBytes: 100,
  },
  { ...base, operationId: 'post', method: 'post', path: '/v1/things/{id}', access: 'public' },
  { ...base, operationId: 'operate', method: 'delete', path: '/v1/all', access: 'operator' },
  { ...base, operationId: 'named', method: 'get', path: '/v1/named/{name}', access: 'public' },
  { ...base, operationId: 'page', method: 'get', path: '/page', access: 'public' },
] as const satisfies RouteContract[];

const callers: Record<string, Principal | AuthFailure | Promise<Principal>> = {
  reader: { kind: 'tenant', scopes: new Set(['notifications:read']) } as unknown as Principal,
  writer: Promise.resolve({
    kind: 'tenant',
    scopes: new Set(['notifications:write']),
  } as unknown as Principal),
  operator: { kind: 'operator' },
};

describe('mountRoutes', () => {
  let app: Express;
  let admitted: string[];

  beforeEach(() => {
    admitted = [];
    const logger = createLogger({ service: 'test', level: 'silent' });
    app = createHttpApp({ service: 'test', logger, metrics: new Metrics(), health: new Health() });
    const deps: RouteDeps = {
      authenticate: (authorization) =>
        callers[authorization?.replace('Bearer ', '') ?? ''] ?? unauthorized('Who are you?'),
      admit: (_principal, route) => {
        admitted.push(route.operationId);
      },
    };
    const echo = async ({ params, query, body, requestId }: RouteContext) => ({
      status: 200,
      body: { params, query, body, requestId },
    });
    const handlers = {
      getThing: echo,
      list: echo,
      batch: async ({ body }: RouteContext<ThingDto>) => ({ status: 200, body: { batch: true, body } }),
      replace: echo,
      create: async ({ body }: RouteContext<ThingDto>) => ({
        status: 201,
        body: { dto: body instanceof ThingDto, body },
        headers: { location: '/v1/things/1' },
      }),
      post: async () => ({ status: 204 }),
      operate: async () => ({ status: 204 }),
      named: echo,
      page: async () => ({ status: 200, body: '<p>hi', headers: { 'content-type': 'text/html' } }),
    };
    mountRoutes(app, ROUTES, handlers, deps);
  });

  const as = (who: string) => ({ authorization: `Bearer ${who}` });
  const post = (path: string) => request(app).post(path).set('content-type', 'application/json');

  describe('routes', () => {
    it('hand the checked input to the handler and answer JSON', async () => {
      const list = await request(app).get('/v1/things?limit=5').set(as('reader'));
      expect([list.status, list.body.query]).toEqual([200, { limit: 5 }]);
      const created = await post('/v1/things').set(as('writer')).send('{"name":"x"}');
      expect([created.status, created.body]).toEqual([201, { dto: true, body: { name: 'x' } }]);
      expect(created.headers).toMatchObject({
        location: '/v1/things/1',
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'no-store',
      });
      const gone = await request(app).delete('/v1/all').set(as('operator'));
      expect([gone.status, gone.text, gone.headers['content-type']]).toEqual([204, '', undefined]);
    });

    it('send a page as it is', async () => {
      const page = await request(app).get('/page');
      expect([page.text, page.headers['content-type']]).toEqual(['<p>hi', 'text/html']);
    });

    it('prefer fixed paths to parameters', async () => {
      const answer = await post('/v1/things/batch').send('{"name":"x"}');
      expect(answer.body.batch).toBe(true);
    });

    it('take only UUIDs for ids', async () => {
      const good = await request(app).get(`/v1/things/${ID}`).set(as('reader'));
      expect(good.body.params).toEqual({ id: ID });
      const bad = await request(app).get('/v1/things/42').set(as('reader'));
      expect([bad.status, bad.body.type]).toEqual([404, 'urn:herald:problem:not-found']);
    });

    it('answer HEAD like GET without the body', async () => {
      const head = await request(app).head(`/v1/things/${ID}`).set(as('reader'));
      expect([head.status, head.text]).toEqual([200, undefined]);
      expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    });

    it('answer 405 with Allow for another method, 404 for other paths', async () => {
      const wrong = await request(app).patch(`/v1/things/${ID}`);
      expect([wrong.status, wrong.headers.allow]).toEqual([405, 'GET, HEAD, POST, PUT']);
      expect(wrong.headers['content-type']).toBe('application/problem+json');
      for (const path of [
        '/',
        '/v1',
        '/v1/things/a/b',
        '/V1/things',
        '/constructor',
        '/v1/%00',
        '/v1/named/%ff',
      ]) {
        const { status, body } = await request(app).get(path);
        expect([path, status, typeof body.type]).toEqual([path, path.endsWith('%ff') ? 400 : 404, 'string']);
      }
    });

    it('need a handler for each route and a route for each handler', () => {
      const route = ROUTES[8];
      const deps = { authenticate: () => unauthorized('') };
      expect(() => mountRoutes(app, [route], {} as never, deps)).toThrow('page has no handler');
      expect(() => mountRoutes(app, [], { page: async () => ({ status: 200 }) } as never, deps)).toThrow(
        'has no route',
      );
    });
  });

  describe('access', () => {
    it('asks for credentials', async () => {
      const answer = await request(app).get('/v1/things');
      expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="herald"']);
      expect(answer.body).toMatchObject({ title: 'No valid API key', detail: 'Who are you?', status: 401 });
    });

    it('names the missing scope', async () => {
      const answer = await post('/v1/things').set(as('reader')).send('{"name":"x"}');
      expect([answer.status, answer.body.detail]).toEqual([
        403,
        'The API key lacks the scope notifications:write.',
      ]);
      expect(admitted).toEqual([]);
    });

    it('keeps operator routes for the operator', async () => {
      expect((await request(app).delete('/v1/all').set(as('reader'))).status).toBe(403);
    });

    it('admits callers after they are known and before the body is read', async () => {
      await post('/v1/things').set(as('writer')).send('not json');
      await post('/v1/things/batch').send('{"name":"x"}');
      expect(admitted).toEqual(['create']);
    });
  });

  describe('input', () => {
    it('reports query and body together with pointers', async () => {
      const answer = await request(app)
        .put(`/v1/things/${ID}?limit=x&more=1`)
        .send({ size: 'big', extra: 1 });
      expect([answer.status, answer.body.type]).toEqual([422, 'urn:herald:problem:validation']);
      expect(answer.body.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
        '/extra',
        '/name',
        '/query/limit',
        '/query/more',
        '/size',
      ]);
    });

    it.each([
      ['text/plain', 415],
      ['application/x-www-form-urlencoded', 415],
      ['application/jsonx', 415],
      ['application/json; charset=latin1', 415],
      ['application/json; charset=utf-8', 200],
      ['Application/JSON;charset="UTF-8"', 200],
    ])('content type %s: %i', async (type, status) => {
      const answer = await request(app)
        .post('/v1/things/batch')
        .set('content-type', type)
        .send('{"name":"x"}');
      expect(answer.status).toBe(status);
    });

    it('refuses what cannot be stored, in bodies and queries, before any DTO is asked', async () => {
      const body = await request(app)
        .post('/v1/things/batch')
        .set('content-type', 'application/json')
        .send('{"name":"a\\u0000","size":"\\ud800"}');
      expect([body.status, pointersOf(body)]).toEqual([422, ['/name', '/size']]);
      const query = await request(app).put(`/v1/things/${ID}?name=%00`).send({ name: 'x' });
      expect([query.status, pointersOf(query)]).toEqual([422, ['/query/name']]);
    });

    it('describes no body that holds far too much', async () => {
      const many = Object.fromEntries(Array.from({ length: 2001 }, (_, n) => [`f${n}`, 1]));
      const answer = await request(app).post('/v1/things/batch').send(many);
      expect([answer.status, answer.body.errors]).toEqual([
        422,
        [{ pointer: '', detail: 'must hold at most 2000 values' }],
      ]);
    });

    it('refuses encoded bodies', async () => {
      const answer = await post('/v1/things/batch').set('content-encoding', 'gzip').send('{}');
      expect(answer.status).toBe(415);
    });

    it('tells where JSON is broken, and never repeats it', async () => {
      const broken = await post('/v1/things/batch').send('{"name": "x" "secret": 1}');
      expect([broken.status, broken.body.detail]).toEqual([400, 'The JSON is broken at character 13.']);
      expect((await post('/v1/things/batch').send('{"name"')).body.type).toBe(
        'urn:herald:problem:malformed-json',
      );
      const odd = await post('/v1/things/batch').send('{"name": secret}');
      expect([odd.status, odd.text.includes('secret')]).toEqual([400, false]);
    });

    it('wants a body where one is needed, and takes none for {} where it may be left out', async () => {
      const missing = await request(app).put(`/v1/things/${ID}`);
      expect([missing.status, missing.body.detail]).toEqual([400, 'A JSON body is needed.']);
      const optional = await request(app).post('/v1/things/batch');
      expect([optional.status, optional.body.errors]).toEqual([
        422,
        [{ pointer: '/name', detail: 'is required' }],
      ]);
    });

    it('keeps the limit, also when the length is not announced', async () => {
      const big = JSON.stringify({ name: 'x'.repeat(200) });
      const announced = await post('/v1/things').set(as('writer')).send(big);
      expect([announced.status, announced.body.limitBytes]).toEqual([413, 100]);
      const chunked = post('/v1/things').set(as('writer')).set('transfer-encoding', 'chunked');
      chunked.write(big.slice(0, 90));
      chunked.write(big.slice(90));
      expect((await chunked).status).toBe(413);
    });

    it('refuses bytes that are not UTF-8', async () => {
      const sending = post('/v1/things/batch');
      sending.write(Buffer.from([0x22, 0xff, 0x22]) as unknown as string);
      const answer = await sending;
      expect([answer.status, answer.body.detail]).toEqual([400, 'The body is not UTF-8.']);
    });

    it('refuses a parameter that is given twice, and hostile names', async () => {
      const twice = await request(app).get('/v1/things?limit=1&limit=2').set(as('reader'));
      expect(twice.body.errors).toEqual([{ pointer: '/query/limit', detail: 'is given more than once' }]);
      const hostile = await request(app).get('/v1/things?__proto__=1').set(as('reader'));
      expect(hostile.body.errors).toEqual([{ pointer: '/query/__proto__', detail: 'is not a known field' }]);
    });
  });
});
