import { type Scope } from './channels';

// biome-ignore lint/suspicious/noExplicitAny: a DTO class of any shape
export type DtoClass<T = unknown> = new (...args: any[]) => T;

/** One HTTP operation: what the router mounts and the OpenAPI document describes, from one source. */
export interface RouteContract {
  operationId: string;
  method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With `{name}` for parameters, e.g. `/v1/notifications/{id}`. */
  path: string;
  tag: string;
  summary: string;
  description?: string;
  /**
   * A tenant key's scope (`admin` lets the operator in too), `operator` for HERALD_ADMIN_KEY alone, `recipient` for the
   * token of a feed's owner, or `public`.
   */
  access: Scope | 'operator' | 'recipient' | 'public';
  body?: DtoClass;
  /** Accept a missing body as `{}`. */
  bodyOptional?: boolean;
  query?: DtoClass;
  /** Request headers worth documenting. */
  headers?: { name: string; description: string }[];
  bodyLimitBytes?: number;
  /** When it answers 409, if it ever does. */
  conflict?: string;
  responses: Record<number, { description: string; schema?: DtoClass; headers?: Record<string, string> }>;
}
