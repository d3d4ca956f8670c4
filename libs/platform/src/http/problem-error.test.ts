import { PROBLEM_TYPES, type ProblemType } from '@herald/contracts';
import express from 'express';
import request from 'supertest';
import { ProblemError, problemHeaders, toProblem } from './problem-error';
import { sendError, sendJson, sendProblem } from './send';

describe('toProblem', () => {
  it('tells a bounded part of what is wrong', () => {
    const errors = Array.from({ length: 8000 }, (_, n) => ({
      pointer: `/${'x'.repeat(100_000)}/${n}`,
      detail: 'd',
    }));
    const problem = toProblem(new ProblemError('validation', undefined, { errors }));
    expect(problem.errors).toHaveLength(100);
    expect(JSON.stringify(problem).length).toBeLessThan(50_000);
  });

  it('keeps what a ProblemError says', () => {
    const errors = [{ pointer: '/to', detail: 'is required' }];
    const error = new ProblemError('validation', 'See errors.', {
      errors,
      headers: { 'x-a': '1' },
      hint: 'more',
    });
    expect(toProblem(error, 'r1')).toEqual({
      type: 'urn:herald:problem:validation',
      title: PROBLEM_TYPES.validation.title,
      status: 422,
      detail: 'See errors.',
      errors,
      requestId: 'r1',
      hint: 'more',
    });
    expect(problemHeaders(error)).toEqual({ 'x-a': '1' });
    expect(problemHeaders(new Error('x'))).toEqual({});
  });

  it.each([
    new Error('secret'),
    'secret',
    undefined,
    null,
    { status: 400 },
    Object.assign(new Error('x'), { status: 200 }),
  ])('says nothing about %p', (error) => {
    const problem = JSON.parse(JSON.stringify(toProblem(error)));
    expect(problem).toEqual({ type: 'urn:herald:problem:internal', title: expect.any(String), status: 500 });
  });

  it.each([
    [{ status: 400 }, 'bad-request'],
    [{ status: 404 }, 'not-found'],
    [{ status: 418 }, 'bad-request'],
    [{ code: 'ECONNREFUSED' }, 'unavailable'],
    // A client's broken request is not an outage, though its socket says so.
    [{ code: 'ECONNRESET', status: 400, type: 'request.aborted' }, 'bad-request'],
  ] as [object, ProblemType][])('knows %j as %s', (fields, type) => {
    expect(toProblem(Object.assign(new Error('x'), fields)).type).toBe(`urn:herald:problem:${type}`);
  });
});

describe('errors of body parsers, and raw responses', () => {
  const app = express();
  app.use(express.json({ limit: 20 }), express.urlencoded({ limit: 20, parameterLimit: 2 }));
  app.get('/begun', (_req, res) => {
    res.write('half an answer');
    sendError(res, new Error('too late'));
  });
  app.get('/unavailable', (_req, res) => {
    sendProblem(res, toProblem(Object.assign(new Error('x'), { code: '57P01' })), { 'retry-after': '30' });
  });
  app.get('/head', (_req, res) => sendJson(res, 200));
  app.use((error: unknown, _req: express.Request, res: express.Response, _next: express.NextFunction) => {
    sendError(res, error, 'r1');
  });

  it.each([
    ['application/json', '{"a": 1 "b"}', 400, 'malformed-json'],
    ['application/json', JSON.stringify({ a: 'x'.repeat(50) }), 413, 'payload-too-large'],
    ['application/json; charset=latin1', '{}', 415, 'unsupported-media-type'],
    ['application/x-www-form-urlencoded', 'a=1&b=2&c=3', 413, 'payload-too-large'],
  ])('%s %s: %i', async (type, body, status, problem) => {
    const answer = await request(app).post('/').set('content-type', type).send(body);
    expect([answer.status, answer.body.type]).toEqual([status, `urn:herald:problem:${problem}`]);
    expect(answer.headers['content-type']).toBe('application/problem+json');
  });

  it('tells the limit and the position', async () => {
    const big = await request(app)
      .post('/')
      .set('content-type', 'application/json')
      .send(`"${'x'.repeat(30)}"`);
    expect(big.body.detail).toBe('The body may have at most 20 bytes.');
    const broken = await request(app).post('/').set('content-type', 'application/json').send('{"a": 1 "b"}');
    expect(broken.body.detail).toBe('The JSON is broken at character 8.');
  });

  it('cuts an answer that was begun', async () => {
    await expect(request(app).get('/begun')).rejects.toThrow();
  });

  it('keeps a Retry-After that is better known', async () => {
    expect((await request(app).get('/unavailable')).headers['retry-after']).toBe('30');
  });

  it('sends no content type without content', async () => {
    const { headers } = await request(app).get('/head');
    expect([headers['content-type'], headers['content-length']]).toEqual([undefined, '0']);
  });
});
