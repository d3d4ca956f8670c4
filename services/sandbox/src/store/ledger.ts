import fs from 'node:fs';
import type { ReceivedMessage } from './message';

/** A file with one line of JSON for each message that arrived: `{ at, channel, to }`, `at` in milliseconds. */
export interface Ledger {
  note(message: ReceivedMessage): void;
  close(): void;
}

/**
 * Opens a ledger; lines are added to what the file holds. A line is handed to the operating system before the message
 * is acknowledged: what a client was told to have arrived stands in it, however the sandbox ends.
 */
export function openLedger(file: string): Ledger {
  const handle = fs.openSync(file, 'a');
  return {
    note: ({ channel, to }) => {
      fs.writeSync(handle, `${JSON.stringify({ at: Date.now(), channel, to })}\n`);
    },
    close: () => fs.closeSync(handle),
  };
}
