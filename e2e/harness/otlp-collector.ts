import { type HttpReceiver, startHttpReceiver } from '@herald/testing';

/** A span as it came over OTLP. */
export interface CollectedSpan {
  service: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  links: { traceId: string; spanId: string }[];
  attributes: Record<string, unknown>;
  /** 2 for an error. */
  status: number;
}

export interface OtlpCollector {
  url: string;
  receiver: HttpReceiver;
  spansOf(traceId: string): CollectedSpan[];
}

interface Attribute {
  key: string;
  value: Record<string, unknown>;
}

interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: (Omit<CollectedSpan, 'attributes'> & { attributes: Attribute[] })[] }[];
  }[];
}

/** A collector that takes traces by OTLP over HTTP, as JSON. */
export async function startOtlpCollector(): Promise<OtlpCollector> {
  const receiver = await startHttpReceiver({ headers: { 'content-type': 'application/json' }, body: '{}' });
  return {
    url: receiver.url,
    receiver,
    spansOf: (traceId) =>
      receiver.requests
        .filter(({ url }) => url === '/v1/traces')
        .flatMap(({ rawBody }) => spansIn(JSON.parse(rawBody.toString()) as Export))
        .filter((span) => span.traceId === traceId),
  };
}

function spansIn({ resourceSpans }: Export): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        ...span,
        service: String(valuesOf(resource.attributes)['service.name']),
        parentSpanId: span.parentSpanId || undefined,
        links: span.links ?? [],
        attributes: valuesOf(span.attributes),
        status: (span.status as unknown as { code?: number }).code ?? 0,
      })),
    ),
  );
}

function valuesOf(attributes: readonly Attribute[]): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
