import { claimDeliveries, Database, getDelivery, type OutcomeRecord } from '@herald/db';
import { newId } from '@herald/domain';
import { createLogger } from '@herald/platform';
import { until, useOwnPostgres } from '@herald/testing';
import { Recorder } from './recorder';
import { acceptSms } from './testing/test-worker';

const tenantId = newId(Date.now());
let db: Database;
afterAll(() => db.close());
const postgres = useOwnPostgres();

const lines: string[] = [];
const logger = createLogger({
  service: 'test',
  level: 'warn',
  destination: { write: (line) => void lines.push(line) },
});

async function claimed(count: number): Promise<OutcomeRecord[]> {
  const to = Array.from({ length: count }, (_, n) => ({ phone: `+49151123456${n + 10}` }));
  const ids = await acceptSms(db, { tenantId, to });
  const called = { provider: 'scripted', startedAt: new Date(), durationMs: 1, outcome: 'accepted' } as const;
  return (await claimDeliveries(db, ids, 60_000)).map(({ id, claim, attempt }) => {
    return { id, tenantId, claim, attempt, state: 'sent', called };
  });
}

describe('Recorder', () => {
  beforeAll(async () => {
    db = await Database.connect({
      url: postgres.url,
      poolSize: 4,
      statementTimeoutMs: 10_000,
      connectTimeoutMs: 1000,
      applicationName: 'test',
    });
  });

  it('tells each caller what was written of its own', async () => {
    const recorder = new Recorder(db, logger);
    const records = await claimed(20);
    const fenced = { ...(records[3] as OutcomeRecord), claim: 7 };
    const written = await Promise.all([...records, fenced].map((record) => recorder.record(record)));
    expect(written.slice(0, 20).map((row) => row?.id)).toEqual(records.map((record) => record.id));
    expect(written[20]).toBeUndefined();
  });

  it('keeps outcomes while Postgres is away, and writes them once it is back', async () => {
    const recorder = new Recorder(db, logger);
    const records = await claimed(5);
    await postgres.crash();
    let done = 0;
    const writing = Promise.all(records.map((record) => recorder.record(record).finally(() => (done += 1))));
    await until(() => lines.some((line) => line.includes('cannot be recorded yet')), {
      what: 'a failed try',
    });
    expect(done).toBe(0);
    await postgres.restart();
    expect((await writing).map((row) => row?.state)).toEqual(Array(5).fill('sent'));
    for (const { id } of records) {
      expect(await getDelivery(db, { tenantId, live: true }, id)).toMatchObject({
        state: 'sent',
        attempts: [{ outcome: 'accepted' }],
      });
    }
  }, 30_000);
});
