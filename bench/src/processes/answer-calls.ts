import { type Calls } from './helper';

export interface CallMessage {
  id: number;
  name: string;
  argument: unknown;
}

export interface ReplyMessage {
  id: number;
  result?: unknown;
  error?: string;
}

/** The helper's side: answers the calls of the process that forked this one, and ends with it. */
export function answerCalls<C extends Calls>(functions: C): void {
  process.on('message', (message) => void answer(functions, message as CallMessage));
  process.once('disconnect', () => process.exit());
}

async function answer(functions: Calls, { id, name, argument }: CallMessage): Promise<void> {
  reply(
    await Promise.resolve()
      .then(() => functions[name]?.(argument as never))
      .then(
        (result) => ({ id, result }),
        (error: Error) => ({ id, error: error.stack ?? error.message }),
      ),
  );
}

function reply(message: ReplyMessage): void {
  process.send?.(message);
}
