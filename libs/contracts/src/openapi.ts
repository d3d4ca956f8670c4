import { PROBLEM_TYPES } from './problem';
import { type RouteContract } from './route';
import { dtoSchemas, type JsonSchema } from './validation/schema';

/** What can go wrong with any request that needs a key. */
const COMMON_PROBLEMS = [400, 401, 403, 404, 413, 415, 422, 429, 503] as const;

/** The OpenAPI 3.1 document of some routes: the same tables that the routers mount. */
export function openApiDocument(routes: readonly RouteContract[], version: string): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Herald',
      version,
      description:
        'Self-hosted notifications. Errors are RFC 9457 problems; `errors[]` names each field by JSON pointer. ' +
        'Lists are read page by page with `cursor`. See `/v1/notifications` to begin. Where services have addresses of ' +
        'their own, `/v1/notifications` and `/v1/deliveries` are at the ingest API, `/v1/feed` is at realtime, ' +
        '`/v1/receipts` at the edge, all the rest at the admin API.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    security: [{ apiKey: [] }],
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'http',
          scheme: 'bearer',
          description: 'hk_live_… or hk_test_…; the operator has a key of its own.',
        },
        recipientToken: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            "For one recipient's feed, from `POST /v1/recipient-tokens`; safe to give to a browser.",
        },
      },
      schemas: usedSchemas(paths),
    },
  };
}

function operation(route: RouteContract): JsonSchema {
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, `Needs ${access(route)}.`].filter(Boolean).join('\n\n'),
    ...(route.access === 'public' ? { security: [] } : {}),
    ...(route.access === 'recipient' ? { security: [{ recipientToken: [] }] } : {}),
    parameters: [...pathParameters(route), ...headerParameters(route), ...queryParameters(route)],
    ...(route.body
      ? {
          requestBody: {
            required: !route.bodyOptional,
            content: { 'application/json': { schema: bodySchema(route) } },
          },
        }
      : {}),
    responses: { ...successes(route), ...problems(route) },
  };
}

function access({ access: needed }: RouteContract): string {
  if (needed === 'public') return 'no key';
  if (needed === 'recipient') return "a recipient's token";
  return needed === 'operator'
    ? "the operator's key (HERALD_ADMIN_KEY)"
    : `a key with the scope \`${needed}\``;
}

function bodySchema(route: RouteContract): JsonSchema {
  return { $ref: `#/components/schemas/${route.body?.name}` };
}

function pathParameters(route: RouteContract): JsonSchema[] {
  return [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: /^(?:id|.*Id)$/.test(name as string) ? { type: 'string', format: 'uuid' } : { type: 'string' },
  }));
}

function headerParameters(route: RouteContract): JsonSchema[] {
  return (route.headers ?? []).map(({ name, description }) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
}

function queryParameters(route: RouteContract): JsonSchema[] {
  if (!route.query) return [];
  const schema = dtoSchemas()[route.query.name] as {
    properties: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(schema.properties).map(([name, { description, ...property }]) => ({
    // Any number of these: each key is a parameter of its own.
    name: name === 'metadata' ? 'metadata.<key>' : name,
    in: 'query',
    required: schema.required?.includes(name) ?? false,
    description,
    schema: name === 'metadata' ? { type: 'string' } : property,
  }));
}

function successes(route: RouteContract): JsonSchema {
  return Object.fromEntries(
    Object.entries(route.responses).map(([status, { description, schema, headers }]) => [
      status,
      {
        description,
        ...(headers
          ? {
              headers: Object.fromEntries(
                Object.entries(headers).map(([name, text]) => [
                  name,
                  { description: text, schema: { type: 'string' } },
                ]),
              ),
            }
          : {}),
        ...(schema
          ? { content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema.name}` } } } }
          : {}),
      },
    ]),
  );
}

function problems(route: RouteContract): JsonSchema {
  const common = COMMON_PROBLEMS.filter((status) => !(status in route.responses));
  const described = common.map((status): [number, string] => [status, titlesOf(status)]);
  if (route.conflict) described.push([409, route.conflict]);
  return Object.fromEntries(
    described.map(([status, description]) => [
      String(status),
      {
        description,
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } },
      },
    ]),
  );
}

function titlesOf(status: number): string {
  return Object.values(PROBLEM_TYPES)
    .filter((type) => type.status === status)
    .map((type) => type.title)
    .join('; or: ');
}

/** Only what the paths refer to, directly or through other schemas; sorted, so that the document is stable. */
function usedSchemas(paths: unknown): Record<string, JsonSchema> {
  const all = dtoSchemas();
  const used = new Set<string>();
  const open: unknown[] = [paths];
  for (let item = open.pop(); item !== undefined; item = open.pop()) {
    for (const [, name] of JSON.stringify(item).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      if (name === undefined || used.has(name)) continue;
      used.add(name);
      open.push(all[name]);
    }
  }
  return Object.fromEntries(
    [...used].sort().map((name) => [name, asPublished(name, all[name] as JsonSchema)]),
  );
}

/** `to` may be one object as well: the hot path makes a list of it before it validates. */
function asPublished(name: string, schema: JsonSchema): JsonSchema {
  if (name !== 'SendNotificationDto') return schema;
  const properties = schema.properties as Record<string, JsonSchema>;
  const { description, ...list } = properties.to as JsonSchema;
  return {
    ...schema,
    properties: {
      ...properties,
      to: { description, oneOf: [{ $ref: '#/components/schemas/RecipientDto' }, list] },
    },
  };
}
