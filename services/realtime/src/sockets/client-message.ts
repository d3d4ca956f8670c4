import { type DtoClass, Format, MarkFeedDto, MaxChars, Optional } from '@herald/contracts';
import { unstorableText, validateDto } from '@herald/platform';
import { Equals, IsString } from 'class-validator';

/** Longer than any token that Herald signs. */
const TOKEN_CHARS = 4096;
const REF_CHARS = 64;

export class HelloMessage {
  @Equals('hello') type: 'hello';
  @IsString() @MaxChars(TOKEN_CHARS) token: string;
  @Optional() @Format('feed-cursor') cursor?: string;
}

export class AckMessage {
  @Equals('ack') type: 'ack';
  @Format('feed-cursor') cursor: string;
}

export class MarkMessage extends MarkFeedDto {
  @Equals('mark') type: 'mark';
  /** Comes back in the answer. */
  @Optional() @IsString() @MaxChars(REF_CHARS) ref?: string;
}

export class TokenMessage {
  @Equals('token') type: 'token';
  @IsString() @MaxChars(TOKEN_CHARS) token: string;
}

export type ClientMessage = HelloMessage | AckMessage | MarkMessage | TokenMessage;

const TYPES: Record<ClientMessage['type'], DtoClass<ClientMessage>> = {
  hello: HelloMessage,
  ack: AckMessage,
  mark: MarkMessage,
  token: TokenMessage,
};

export type ParsedMessage = { ok: true; message: ClientMessage } | { ok: false; detail: string };

/** Reads a message of a client. What is wrong is told without repeating what was sent. */
export function parseClientMessage(text: string): ParsedMessage {
  const json = parseJson(text);
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    return { ok: false, detail: 'A message must be a JSON object.' };
  }
  const { type } = json as { type?: unknown };
  if (typeof type !== 'string' || !Object.hasOwn(TYPES, type)) {
    return { ok: false, detail: `/type: must be one of ${Object.keys(TYPES).join(', ')}` };
  }
  const [unstorable] = unstorableText(json);
  if (unstorable) return { ok: false, detail: `${unstorable.pointer}: ${unstorable.detail}` };
  const result = validateDto(TYPES[type as ClientMessage['type']], json);
  if (!result.ok) return { ok: false, detail: describe(result.errors) };
  return { ok: true, message: result.value };
}

const MAX_ERRORS = 3;
const MAX_POINTER_CHARS = 64;

function describe(errors: readonly { pointer: string; detail: string }[]): string {
  return errors
    .slice(0, MAX_ERRORS)
    .map(({ pointer, detail }) => `${pointer.slice(0, MAX_POINTER_CHARS)}: ${detail}`)
    .join('; ');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
