import { type Database, type OutcomeRecord, type RecordedOutcome, recordOutcomes } from '@herald/db';
import { Coalescer, isUnavailable, type Logger } from '@herald/platform';

const MAX_BATCH = 200;
const MAX_IN_FLIGHT = 2;
const FIRST_PAUSE_MS = 100;
const LAST_PAUSE_MS = 5000;

/**
 * Writes outcomes, coalesced over what finishes at the same time. An outcome that cannot be written because Postgres is
 * away is kept and tried again until it can: it is the only trace of a message that was sent.
 */
export class Recorder {
  private readonly coalescer: Coalescer<OutcomeRecord, RecordedOutcome | undefined>;

  constructor(
    private readonly db: Database,
    private readonly logger: Logger,
  ) {
    this.coalescer = new Coalescer((records) => this.write(records), {
      maxBatch: MAX_BATCH,
      maxInFlight: MAX_IN_FLIGHT,
    });
  }

  /** What was written, or undefined when someone else holds the delivery now. */
  record(record: OutcomeRecord): Promise<RecordedOutcome | undefined> {
    return this.coalescer.submit(record);
  }

  private async write(records: readonly OutcomeRecord[]): Promise<(RecordedOutcome | undefined)[]> {
    for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
      try {
        const written = new Map((await recordOutcomes(this.db, records)).map((row) => [row.id, row]));
        return records.map((record) => written.get(record.id));
      } catch (error) {
        if (!isUnavailable(error)) throw error;
        this.logger.warn({ err: error, outcomes: records.length }, 'outcomes cannot be recorded yet');
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}
