import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { type CallMessage, type ReplyMessage } from './answer-calls';

/** The functions that a helper process answers to. */
export type Calls = Record<string, (argument: never) => Promise<unknown>>;

interface Pending {
  timer: NodeJS.Timeout;
  resolve(result: unknown): void;
  reject(error: Error): void;
}

const CALL_TIMEOUT_MS = 300_000;

/** A part of the benchmark in a process of its own; its functions are called over IPC. It ends when this process does. */
export class Helper<C extends Calls> {
  private readonly pending = new Map<number, Pending>();
  private calls = 0;
  private ended: Error | undefined;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (message) => this.onReply(message as ReplyMessage));
    child.once('exit', (code, signal) => this.onExit(`${name} ended with ${code ?? signal}`));
  }

  /** @param file the module that calls `answerCalls` */
  static start<C extends Calls>(name: string, file: string): Helper<C> {
    // A process group of its own: Ctrl-C in a terminal reaches only us, and we stop the rest in order.
    return new Helper<C>(name, fork(file, { detached: true, execArgv: ['--enable-source-maps'] }));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Rejects when the function throws, when the helper ends and after five minutes. */
  call<K extends keyof C & string>(name: K, argument: Parameters<C[K]>[0]): ReturnType<C[K]> {
    const id = ++this.calls;
    const result = new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => this.settle(id)?.reject(this.late(name)), CALL_TIMEOUT_MS);
      this.pending.set(id, { timer, resolve, reject });
      if (this.ended) {
        this.settle(id)?.reject(this.ended);
        return;
      }
      const message: CallMessage = { id, name, argument };
      this.child.send(message, (error) => error && this.settle(id)?.reject(error));
    });
    return result as ReturnType<C[K]>;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await exited;
  }

  private onReply({ id, error, result }: ReplyMessage): void {
    const pending = this.settle(id);
    if (error === undefined) pending?.resolve(result);
    else pending?.reject(new Error(`${this.name}: ${error}`));
  }

  private onExit(reason: string): void {
    this.ended = new Error(reason);
    for (const id of [...this.pending.keys()]) this.settle(id)?.reject(this.ended);
  }

  private settle(id: number): Pending | undefined {
    const pending = this.pending.get(id);
    this.pending.delete(id);
    clearTimeout(pending?.timer);
    return pending;
  }

  private late(name: string): Error {
    return new Error(`${this.name} did not answer to ${name} within ${CALL_TIMEOUT_MS / 1000} s`);
  }
}
