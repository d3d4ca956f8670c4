import { setTracer } from './spans';
import { type TracingConfig } from './tracing-config';

export interface Tracing {
  /** Sends what is left, at most for `deadlineMs`. Never rejects. */
  stop(deadlineMs: number): Promise<void>;
}

const OFF: Tracing = { stop: async () => undefined };
const EXPORT_TIMEOUT_MS = 5000;

/**
 * Traces the spans of this process when the configuration says where to. The SDK is loaded only then. A collector that is
 * away costs nothing but its traces: what does not fit into the queue of 2,048 spans is dropped.
 */
export async function startTracing(
  service: string,
  { endpoint, headers = [], share }: Pick<TracingConfig, 'endpoint' | 'headers' | 'share'>,
): Promise<Tracing> {
  if (endpoint === undefined) return OFF;
  const [sdk, { OTLPTraceExporter }, { resourceFromAttributes }] = await Promise.all([
    import('@opentelemetry/sdk-trace-base'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
    headers: Object.fromEntries(headers.map(header)),
    timeoutMillis: EXPORT_TIMEOUT_MS,
  });
  const provider = new sdk.BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.namespace': 'herald', 'service.name': service }),
    sampler: new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(share) }),
    spanProcessors: [new sdk.BatchSpanProcessor(exporter, { exportTimeoutMillis: EXPORT_TIMEOUT_MS })],
  });
  setTracer(provider.getTracer('herald'));
  return {
    stop: async (deadlineMs) => {
      setTracer(undefined);
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, deadlineMs);
      });
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
      clearTimeout(timer);
    },
  };
}

function header(text: string): [string, string] {
  const at = text.indexOf('=');
  return [text.slice(0, at), decoded(text.slice(at + 1))];
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
