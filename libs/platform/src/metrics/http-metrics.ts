import { type Counter, type Histogram } from 'prom-client';
import { type Metrics } from './metrics';

export interface HttpMetrics {
  requests: Counter<'service' | 'method' | 'route' | 'status'>;
  duration: Histogram<'service' | 'method' | 'route'>;
}

/** What is counted of every answered request. `route` is the template of the path, never the path. */
export function httpMetrics(metrics: Metrics): HttpMetrics {
  return {
    requests: metrics.counter({
      name: 'herald_http_requests_total',
      help: 'HTTP requests by answer; status 499 is a client that hung up.',
      labels: ['service', 'method', 'route', 'status'],
    }),
    duration: metrics.histogram({
      name: 'herald_http_request_duration_seconds',
      help: 'Time from the request to the end of the answer.',
      labels: ['service', 'method', 'route'],
    }),
  };
}
