import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { postJson, startTestSandbox } from '../testing/test-sandbox';

describe('the ledger', () => {
  let folder: string;
  beforeEach(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'herald-ledger-'));
  });
  afterEach(() => fs.rmSync(folder, { recursive: true }));

  it('has a line for each message before its sender gets an answer, over restarts', async () => {
    const ledgerFile = path.join(folder, 'ledger.ndjson');
    const lines = () =>
      fs
        .readFileSync(ledgerFile, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { at: number; channel: string; to: string });
    for (const run of [1, 2]) {
      const sandbox = await startTestSandbox({ ledgerFile });
      await postJson(`${sandbox.httpUrl}/webhook/${run}`, {});
      expect(lines()).toHaveLength(run);
      await sandbox.stop();
    }
    expect(lines().map(({ channel, to }) => [channel, new URL(to).pathname])).toEqual([
      ['webhook', '/webhook/1'],
      ['webhook', '/webhook/2'],
    ]);
    expect(Math.abs(Date.now() - (lines()[1]?.at ?? 0))).toBeLessThan(60_000);
  });

  it('has no line for what was refused', async () => {
    const ledgerFile = path.join(folder, 'ledger.ndjson');
    const sandbox = await startTestSandbox({ ledgerFile });
    await sandbox.behave({ channel: 'webhook', action: { type: 'fail', code: 500 } });
    await postJson(`${sandbox.httpUrl}/webhook/x`, {});
    await sandbox.stop();
    expect(fs.readFileSync(ledgerFile, 'utf8')).toBe('');
  });
});
