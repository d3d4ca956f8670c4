import {
  type Attributes,
  type Link,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { formatTraceparent, parseTraceparent } from './traceparent';

export { type Attributes, type Span, SpanKind } from '@opentelemetry/api';

export interface SpanOptions {
  kind?: SpanKind;
  attributes?: Attributes;
  /** Other spans that led to this one, as `traceparent`; those that are not sampled are left out. */
  links?: readonly (string | null | undefined)[];
  /** In epoch milliseconds; default: now. */
  startedAt?: number;
}

/** The SDK keeps no more of a span's links. */
const MAX_LINKS = 128;

let tracer: Tracer | undefined;

/** Spans are made from now on, or, without a tracer, no more. */
export function setTracer(of: Tracer | undefined): void {
  tracer = of;
}

/**
 * A span that begins a trace, or continues that of a caller, who then decides whether it is sampled. Nothing while tracing
 * is off.
 */
export function startRootSpan(
  name: string,
  traceparent: string | undefined,
  options: SpanOptions,
): Span | undefined {
  return tracer && start(tracer, name, traceparent, options);
}

/** A span within a trace that is sampled; nothing in another one, without one, and while tracing is off. */
export function startSpan(
  name: string,
  traceparent: string | null | undefined,
  options: SpanOptions = {},
): Span | undefined {
  return tracer && isSampled(traceparent) ? start(tracer, name, traceparent, options) : undefined;
}

/** Whether spans in this trace are seen by anybody. */
export function isSampled(traceparent: string | null | undefined): boolean {
  return ((parseTraceparent(traceparent)?.traceFlags ?? 0) & TraceFlags.SAMPLED) === TraceFlags.SAMPLED;
}

/** The span as a `traceparent`, for what it leads to. */
export function traceparentOf(span: Span): string {
  return formatTraceparent(span.spanContext());
}

/** Ends a span; `error` is a reason of few values, never a message. */
export function endSpan(span: Span | undefined, attributes: Attributes = {}, error?: string): void {
  if (!span) return;
  span.setAttributes(attributes);
  if (error !== undefined) {
    span.setAttribute('error.type', error);
    span.setStatus({ code: SpanStatusCode.ERROR });
  }
  span.end();
}

function start(
  by: Tracer,
  name: string,
  traceparent: string | null | undefined,
  { kind = SpanKind.INTERNAL, attributes, links = [], startedAt }: SpanOptions,
): Span {
  const parent = parseTraceparent(traceparent);
  const context = parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;
  return by.startSpan(
    name,
    {
      kind,
      attributes,
      startTime: startedAt,
      links: links.filter(isSampled).slice(0, MAX_LINKS).map(linkTo),
    },
    context,
  );
}

function linkTo(traceparent: string | null | undefined): Link {
  return { context: parseTraceparent(traceparent) as Link['context'] };
}
