import type { EmbeddedServer } from '@herald/embedded';

/** What the global setup started and the global teardown has to end. */
export interface TestRun {
  /** Holds the data of the servers. */
  folder: string;
  servers: EmbeddedServer[];
}

const KEY = Symbol.for('herald.test-run');

/** Jest loads setup and teardown as separate modules of one process: the global object is all they share. */
const shared = globalThis as { [KEY]?: TestRun };

export function noteTestRun(run: TestRun): void {
  shared[KEY] = run;
}

export function currentTestRun(): TestRun | undefined {
  return shared[KEY];
}
