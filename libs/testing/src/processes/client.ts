import { type ProblemDto } from '@herald/contracts';

export interface Answer<T = unknown> {
  status: number;
  headers: Headers;
  /** The parsed JSON, or the text when it is something else. */
  body: T;
  /** From the request to the end of the answer. */
  tookMs: number;
}

export interface RequestOptions {
  headers?: Record<string, string>;
  /** Another key than the client's; null sends none. */
  key?: string | null;
}

/** Talks to one service with one API key. Every answer is given, whatever its status. */
export interface Client {
  url: string;
  get<T = ProblemDto>(path: string, options?: RequestOptions): Promise<Answer<T>>;
  /** Strings and buffers are sent as they are, anything else as JSON. */
  post<T = ProblemDto>(path: string, body?: unknown, options?: RequestOptions): Promise<Answer<T>>;
  patch<T = ProblemDto>(path: string, body: unknown, options?: RequestOptions): Promise<Answer<T>>;
  delete<T = ProblemDto>(path: string, options?: RequestOptions): Promise<Answer<T>>;
  /** The same service with another key. */
  withKey(key: string): Client;
  withHeaders(headers: Record<string, string>): Client;
}

export function createClient(url: string, key?: string, headers: Record<string, string> = {}): Client {
  const request = async <T>(
    method: string,
    path: string,
    body: unknown,
    options: RequestOptions = {},
  ): Promise<Answer<T>> => {
    const token = options.key === undefined ? key : options.key;
    const began = performance.now();
    const response = await fetch(url + path, {
      method,
      redirect: 'manual',
      body: encode(body),
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...headers,
        ...options.headers,
      },
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: decode(response, text) as T,
      tookMs: performance.now() - began,
    };
  };
  return {
    url,
    get: (path, options) => request('GET', path, undefined, options),
    post: (path, body, options) => request('POST', path, body, options),
    patch: (path, body, options) => request('PATCH', path, body, options),
    delete: (path, options) => request('DELETE', path, undefined, options),
    withKey: (other) => createClient(url, other, headers),
    withHeaders: (more) => createClient(url, key, { ...headers, ...more }),
  };
}

function encode(body: unknown): string | Buffer | undefined {
  return body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
    ? body
    : JSON.stringify(body);
}

function decode(response: Response, text: string): unknown {
  const isJson = /[/+]json\b/.test(response.headers.get('content-type') ?? '');
  return isJson && text !== '' ? JSON.parse(text) : text;
}
