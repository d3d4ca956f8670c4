import { type SpanContext, TraceFlags } from '@opentelemetry/api';

/** W3C Trace Context 3.2: version, trace id, parent id, flags; what a later version adds behind them is not known. */
const FORMAT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const MAX_CHARACTERS = 256;

/** What a `traceparent` says, or nothing when it is not one: then a trace begins anew, as the standard wants it. */
export function parseTraceparent(text: unknown): SpanContext | undefined {
  if (typeof text !== 'string' || text.length > MAX_CHARACTERS) return undefined;
  const [, version, traceId, spanId, flags, more] = FORMAT.exec(text) ?? [];
  if (!traceId || !spanId || traceId === NO_TRACE || spanId === NO_SPAN) return undefined;
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined;
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags as string, 16) & TraceFlags.SAMPLED,
    isRemote: true,
  };
}

/** A context as a `traceparent` of version 00. */
export function formatTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
}

/** The trace that a `traceparent` of ours belongs to, for logs. */
export function traceIdOf(traceparent: string | null | undefined): string | undefined {
  return traceparent?.slice(3, 35);
}
