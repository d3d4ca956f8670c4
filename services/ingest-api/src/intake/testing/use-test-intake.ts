import { type NewApiKeyRow } from '@herald/db';
import { useTestDatabase, useTestRedis } from '@herald/testing';
import { type Answer, PATH, postTo } from './poster';
import {
  newTestKey,
  startTestIntake,
  type TestIntake,
  type TestIntakeOptions,
  type TestKey,
} from './start-intake';

type OwnOptions = Omit<TestIntakeOptions, 'databaseUrl' | 'redis'>;

export interface UsedIntake {
  readonly api: TestIntake;
  /** May write. */
  readonly key: TestKey;
  /** Posts one notification with the key, unless the headers say otherwise. */
  post(body: unknown, headers?: Record<string, string>, path?: string): Promise<Answer>;
  postBatch(body: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** Another one on the same database and Redis; whoever starts it stops it. */
  startAnother(options: OwnOptions): Promise<TestIntake>;
  notificationsOf(tenantId: string): Promise<Record<string, unknown>[]>;
}

/** The hot path on a database and a Redis of this file's own, with a tenant's key; to be called at the top of the file. */
export function useTestIntake(options: OwnOptions = {}, keyOptions: Partial<NewApiKeyRow> = {}): UsedIntake {
  const database = useTestDatabase();
  const redis = useTestRedis();
  const start = (own: OwnOptions) => startTestIntake({ ...own, databaseUrl: database.url, redis });
  let api: TestIntake;
  let key: TestKey;
  beforeAll(async () => {
    api = await start(options);
    key = await newTestKey(api.db, keyOptions);
  });
  afterAll(() => api.stop());
  return {
    get api() {
      return api;
    },
    get key() {
      return key;
    },
    post: (body, headers, path) => postTo(api, key, body, headers, path),
    postBatch: (body, headers) => postTo(api, key, body, headers, `${PATH}/batch`),
    startAnother: start,
    notificationsOf: (tenantId) =>
      api.db.rows('SELECT * FROM notifications WHERE tenant_id = $1', [tenantId]),
  };
}
