import fs from 'node:fs';
import path from 'node:path';
import { EDGE_ROUTES, INGEST_ROUTES, REALTIME_ROUTES } from '@herald/contracts';

/** The part of JSON Schema that the document uses. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  enum?: unknown[];
  oneOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  propertyNames?: Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  maxProperties?: number;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header';
  required?: boolean;
  schema: Schema;
}

export interface Operation {
  operationId: string;
  method: string;
  path: string;
  service: 'ingest' | 'admin' | 'edge';
  /** For the owner of a feed: a recipient's token and not a key. */
  isRecipients: boolean;
  /** Nobody has to say who they are. */
  isPublic: boolean;
  parameters: Parameter[];
  body?: Schema;
}

interface Documented {
  operationId: string;
  security?: unknown[];
  parameters?: Parameter[];
  requestBody?: { content: { 'application/json': { schema: Schema } } };
}

const DOCUMENT = JSON.parse(
  fs.readFileSync(path.resolve(__dirname, '../../docs/api/openapi.json'), 'utf8'),
) as {
  paths: Record<string, Record<string, Documented>>;
  components: { schemas: Record<string, Schema> };
};

const INGEST: ReadonlySet<string> = new Set(INGEST_ROUTES.map(({ operationId }) => operationId));
const RECIPIENTS: ReadonlySet<string> = new Set(REALTIME_ROUTES.map(({ operationId }) => operationId));
const EDGE: ReadonlySet<string> = new Set(EDGE_ROUTES.map(({ operationId }) => operationId));

/** Every operation of the committed document: a new route is attacked without a change here. */
export const OPERATIONS: readonly Operation[] = Object.entries(DOCUMENT.paths).flatMap(([at, methods]) =>
  Object.entries(methods).map(([method, documented]) => ({
    operationId: documented.operationId,
    method: method.toUpperCase(),
    path: at,
    service: serviceOf(documented.operationId),
    isRecipients: RECIPIENTS.has(documented.operationId),
    isPublic: documented.security?.length === 0,
    parameters: documented.parameters ?? [],
    body: documented.requestBody?.content['application/json'].schema,
  })),
);

function serviceOf(operationId: string): Operation['service'] {
  if (EDGE.has(operationId)) return 'edge';
  // The standalone one serves feeds where it takes notifications.
  return INGEST.has(operationId) || RECIPIENTS.has(operationId) ? 'ingest' : 'admin';
}

/** What a schema refers to, or the schema. */
export function resolved(schema: Schema): Schema {
  const name = schema.$ref?.split('/').at(-1);
  if (name === undefined) return schema;
  const found = DOCUMENT.components.schemas[name];
  if (!found) throw new Error(`The document has no schema ${name}`);
  return found;
}
