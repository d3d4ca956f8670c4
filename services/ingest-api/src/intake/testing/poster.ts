import { type TestIntake, type TestKey } from './start-intake';

export interface Answer {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: JSON of any shape
  body: any;
}

export const PATH = '/v1/notifications';
/** The least that is accepted, and more of it. */
export const GOOD = { to: { phone: '+4915112345678' }, content: { sms: { body: 'Hello' } } };
export const good = (over: object = {}) => ({ ...GOOD, ...over });

/** Posts a body as it is, or as JSON; with the key unless the headers say otherwise. */
export async function postTo(
  { url }: Pick<TestIntake, 'url'>,
  { authorization }: Pick<TestKey, 'authorization'>,
  body: unknown,
  headers: Record<string, string> = {},
  path: string = PATH,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

export const problemOf = ({ status, body }: Answer): [number, string] => [
  status,
  body.type?.replace('urn:herald:problem:', ''),
];

export const pointersOf = ({ body }: Answer): string[] | undefined =>
  body.errors?.map((error: { pointer: string }) => error.pointer);
