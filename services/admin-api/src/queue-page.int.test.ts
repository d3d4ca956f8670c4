import { CHANNELS, DEAD_JOB, deadQueueName, LANES, laneQueueName } from '@herald/contracts';
import { newId } from '@herald/domain';
import request from 'supertest';
import { OPERATOR_KEY, useTestAdmin } from './testing/use-test-admin';

const admin = useTestAdmin();

const get = (path: string) => request(admin.app).get(path);
const page = (path: string, password = OPERATOR_KEY) => get(path).auth('anyone', password);

it.each([
  ['without a key', () => get('/queues')],
  ['with another password', () => page('/queues', 'guess')],
  ['with the key as a token', () => get('/queues').set('authorization', `Bearer ${OPERATOR_KEY}`)],
  ['with what is no base64', () => get('/queues').set('authorization', 'Basic ???')],
  ['for its data', () => get('/queues/api/queues')],
  ['for its scripts', () => get('/queues/static/favicon.ico')],
])('asks for the operator’s key %s', async (_name, ask) => {
  const answer = await ask().expect(401);
  expect(answer.headers['www-authenticate']).toContain('Basic realm=');
  expect(answer.body.detail).toContain('key');
});

it('is not for a tenant, whatever its key may do', async () => {
  const { id } = await admin.newTenant();
  const { key } = await admin.newKey(id, ['admin', 'notifications:read', 'notifications:write']);
  await page('/queues', key).expect(401);
});

it('is a page with nothing from elsewhere', async () => {
  const answer = await page('/queues').expect(200);
  expect(answer.headers['content-type']).toContain('text/html');
  const policy = answer.headers['content-security-policy'] as string;
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/https?:/);
  expect(answer.text).toContain('Herald queues');
  const [script] = /static\/js\/main[^"]+/.exec(answer.text) ?? [];
  await page(`/queues/${script}`).expect(200);
});

it('shows every lane and the dead letters, as ids alone', async () => {
  const id = newId(Date.now());
  await admin.queues.showDead([{ id, channel: 'sms', reason: 'no_provider' }]);
  const { body } = await page(
    `/queues/api/queues?activeQueue=${deadQueueName('sms')}&status=waiting&page=1&jobsPerPage=10`,
  ).expect(200);
  expect(body.queues).toHaveLength(CHANNELS.length * (LANES.length + 1));
  const jobs = body.queues.flatMap((queue: { jobs: { name: string; data: unknown }[] }) => queue.jobs);
  expect(jobs).toMatchObject([{ name: DEAD_JOB, data: { v: 1, ids: [id], reason: 'no_provider' } }]);
});

it.each(['post', 'put', 'delete', 'patch'] as const)('changes nothing: %s', async (method) => {
  const name = laneQueueName('sms', 'default');
  const answer = await request(admin.app)
    [method](`/queues/api/queues/${name}/pause`)
    .auth('anyone', OPERATOR_KEY)
    .expect(405);
  expect(answer.headers.allow).toBe('GET, HEAD');
});

describe('while Redis is away', () => {
  const away = useTestAdmin({ redisUrl: 'redis://127.0.0.1:1' });

  it('says so', async () => {
    const answer = await request(away.app).get('/queues/api/queues').auth('anyone', OPERATOR_KEY).expect(503);
    expect(answer.body.detail).toBe('Redis is away.');
  });
});
