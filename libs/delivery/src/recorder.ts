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
      // What a delivery's lost claim comes to and what its next one does are told apart by their statements.
      keyOf: (record) => record.id,
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
        if (!isUnavailable(error)) return this.isolate(records, error);
        this.logger.warn({ err: error, outcomes: records.length }, 'outcomes cannot be recorded yet');
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  /** An outcome that Postgres refuses must not take those of its batch with it: each is written by itself. */
  private async isolate(
    records: readonly OutcomeRecord[],
    error: unknown,
  ): Promise<(RecordedOutcome | undefined)[]> {
    if (records.length === 1) throw error;
    const written = [];
    for (const record of records)
      written.push(...(await this.write([record]).catch((e) => this.givenUp(record, e))));
    return written;
  }

  /** The delivery keeps its claim until the lease runs out; then its policy decides. */
  private givenUp(record: OutcomeRecord, error: unknown): [undefined] {
    this.logger.error({ err: error, deliveryId: record.id }, 'an outcome cannot be recorded');
    return [undefined];
  }
}
