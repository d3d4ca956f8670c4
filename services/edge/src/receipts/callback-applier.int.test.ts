import { Database, type StoredCallback, storeCallbacks } from '@herald/db';
import { newId } from '@herald/domain';
import { createLogger, Metrics } from '@herald/platform';
import { until, useTestDatabase } from '@herald/testing';
import { edgeMetrics } from '../metrics';
import { addScriptedTenant } from '../testing/scripted-receipts';
import { CallbackApplier } from './callback-applier';

const database = useTestDatabase();
let db: Database;
let tenantId: string;
let providerId: string;
beforeAll(async () => {
  db = await Database.connect({
    url: database.url,
    poolSize: 5,
    statementTimeoutMs: 5000,
    connectTimeoutMs: 1000,
    applicationName: 'test',
  });
});
beforeEach(async () => {
  ({ tenantId, providerId } = await addScriptedTenant(db, new Map()));
});
afterAll(() => db.close());

/** A callback in the inbox, which this process has taken. */
async function stored(text: string, over: Partial<StoredCallback> = {}): Promise<StoredCallback> {
  const url = 'https://edge.example.com';
  const callback = { id: newId(Date.now()), tenantId, providerId, url, body: Buffer.from(text), ...over };
  const receivedAt = await storeCallbacks(db, [{ callback, holdMs: 30_000 }]);
  return { tries: 1, ...callback, receivedAt };
}
const several = async (texts: readonly string[], over?: Partial<StoredCallback>) => {
  const callbacks: StoredCallback[] = [];
  for (const text of texts) callbacks.push(await stored(text, over));
  return callbacks;
};
const left = () =>
  db.rows('SELECT convert_from(body, $2) AS said, last_error FROM receipt_inbox WHERE tenant_id = $1', [
    tenantId,
    'UTF8',
  ]);

/** Applies callbacks, the others while the first one is still under way; gives what was applied together. */
async function applyAll(callbacks: readonly StoredCallback[]): Promise<string[][]> {
  const applied: string[][] = [];
  let release = () => {};
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const applier = new CallbackApplier({
    db,
    apply: async (together) => {
      const said = together.map(({ body }) => (body.length > 9 ? 'large' : body.toString()));
      applied.push(said);
      await held;
      if (said.includes('bad')) throw new TypeError('cannot be read');
    },
    metrics: edgeMetrics(new Metrics()),
    logger: createLogger({ service: 'edge', level: 'silent' }),
  });
  const [first, ...others] = callbacks as [StoredCallback, ...StoredCallback[]];
  const later = performance.now() + 30_000;
  const done = [applier.apply(first, later)];
  await until(() => applied.length === 1);
  done.push(...others.map((callback) => applier.apply(callback, later)));
  release();
  await Promise.all(done);
  await applier.drain(1000);
  return applied;
}

it('applies together what came while one was applied, in its order', async () => {
  expect(await applyAll(await several(['a', 'b', 'c', 'd']))).toEqual([['a'], ['b', 'c', 'd']]);
  expect(await left()).toEqual([]);
});

it('holds what is wrong with one of them against none of the others', async () => {
  const applied = await applyAll(await several(['a', 'b', 'bad', 'c']));
  expect(applied).toEqual([['a'], ['b', 'bad', 'c'], ['b'], ['bad'], ['c']]);
  expect(await left()).toEqual([{ said: 'bad', last_error: 'TypeError' }]);
});

it('applies alone what was tried before: it may end the process', async () => {
  const callbacks = [
    ...(await several(['a', 'b'])),
    await stored('again', { tries: 2 }),
    ...(await several(['c', 'd'])),
  ];
  expect(await applyAll(callbacks)).toEqual([['a'], ['b'], ['again'], ['c', 'd']]);
  expect(await left()).toEqual([]);
});

it('keeps providers of one delivery apart, and what is large', async () => {
  const deliveryId = newId(Date.now());
  const other = await addScriptedTenant(db, new Map());
  const callbacks = [
    ...(await several(['a', 'b', 'c'], { deliveryId })),
    await stored('d', { deliveryId, providerId: other.providerId }),
    ...(await several(['x'.repeat(700_000), 'y'.repeat(700_000)], { deliveryId })),
    ...(await several(['e'], { deliveryId })),
  ];
  expect(await applyAll(callbacks)).toEqual([['a'], ['b', 'c'], ['d'], ['large'], ['large', 'e']]);
});

it('applies no more than a hundred together', async () => {
  const applied = await applyAll(await several(Array.from({ length: 202 }, (_, n) => String(n))));
  expect(applied.map((together) => together.length)).toEqual([1, 100, 100, 1]);
});
