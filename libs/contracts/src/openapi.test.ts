import { openApiDocument } from './openapi';
import { PROBLEM_TYPES } from './problem';
import { type RouteContract } from './route';
import { ADMIN_ROUTES } from './routes/admin-routes';
import { INGEST_ROUTES } from './routes/ingest-routes';
import { REALTIME_ROUTES } from './routes/realtime-routes';

// biome-ignore lint/suspicious/noExplicitAny: a JSON document of any shape
type Json = any;

const ROUTES: readonly RouteContract[] = [...INGEST_ROUTES, ...ADMIN_ROUTES, ...REALTIME_ROUTES];
const document: Json = JSON.parse(JSON.stringify(openApiDocument(ROUTES, '1.2.3')));

/** Every value in the document with the names that lead to it. */
function* nodes(value: Json, path = '#'): Generator<{ path: string; value: Json }> {
  yield { path, value };
  if (typeof value !== 'object' || value === null) return;
  for (const [name, child] of Object.entries(value)) yield* nodes(child, `${path}/${name}`);
}

const operationOf = ({ path, method }: RouteContract): Json => document.paths[path]?.[method];

describe('openApiDocument', () => {
  it('says what it is', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { title: 'Herald', version: '1.2.3' } });
  });

  it('resolves every reference, and holds no schema that nothing refers to', () => {
    const refs = [...nodes(document)].filter(({ path }) => path.endsWith('/$ref')).map(({ value }) => value);
    expect(refs.length).toBeGreaterThan(20);
    const schemas = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`);
    expect([...new Set(refs)].sort()).toEqual(schemas.sort());
  });

  it.each(ROUTES.map((route) => [route.operationId, route] as const))(
    'describes %s',
    (operationId, route) => {
      const operation = operationOf(route);
      expect(operation).toMatchObject({ operationId, tags: [route.tag], summary: route.summary });
      expect(document.tags).toContainEqual({ name: route.tag });
      expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(Object.keys(route.responses)));
      const named = [...route.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      expect(operation.parameters.filter((p: Json) => p.in === 'path').map((p: Json) => p.name)).toEqual(
        named,
      );
      expect(operation.requestBody !== undefined).toBe(route.body !== undefined);
      expect(operation.description).toContain('Needs ');
    },
  );

  it('holds each operation once and nothing else', () => {
    const ids = Object.values<Json>(document.paths).flatMap((path) =>
      Object.values<Json>(path).map((operation) => operation.operationId),
    );
    expect(ids.sort()).toEqual(ROUTES.map((route) => route.operationId).sort());
  });

  it('describes problems by status, each with what it can mean', () => {
    for (const route of ROUTES) {
      const { 422: validation, 503: unavailable } = operationOf(route).responses;
      expect(validation.description).toContain(PROBLEM_TYPES.validation.title);
      expect(unavailable.description).toContain(PROBLEM_TYPES.overloaded.title);
      expect(Object.keys(validation.content)).toEqual(['application/problem+json']);
    }
  });

  it('says when a route answers 409, and of no other route that it does', () => {
    for (const route of ROUTES as readonly RouteContract[])
      expect([route.operationId, operationOf(route).responses[409]?.description]).toEqual([
        route.operationId,
        route.conflict,
      ]);
    expect(
      operationOf(ROUTES.find(({ operationId }) => operationId === 'retryDelivery')!).responses[409],
    ).toEqual({
      description: 'It is being sent, or was sent.',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/ProblemDto' } } },
    });
  });

  it('takes one recipient or a list, and refuses unknown fields', () => {
    const { SendNotificationDto: send, WebhookContentDto: webhook } = document.components.schemas;
    expect(send.additionalProperties).toBe(false);
    expect(send.required).toEqual(['to', 'content']);
    expect(send.properties.to.oneOf).toEqual([
      { $ref: '#/components/schemas/RecipientDto' },
      expect.objectContaining({ type: 'array', minItems: 1, maxItems: 1000 }),
    ]);
    expect(webhook.properties.payload).toMatchObject({ type: 'object', additionalProperties: true });
  });

  it("says which routes need a recipient's token instead of a key", () => {
    const { securitySchemes } = document.components;
    for (const route of REALTIME_ROUTES) {
      expect(operationOf(route).security).toEqual([{ recipientToken: [] }]);
      expect(operationOf(route).description).toContain("Needs a recipient's token.");
    }
    expect(securitySchemes.recipientToken).toMatchObject({ type: 'http', scheme: 'bearer' });
    expect(document.components.schemas.MarkFeedDto.properties.ids).toMatchObject({
      type: 'array',
      maxItems: 200,
      items: { type: 'string', format: 'uuid' },
    });
  });

  it('is the same document every time', () => {
    expect(JSON.stringify(openApiDocument(ROUTES, '1.2.3'))).toBe(JSON.stringify(document));
  });
});
