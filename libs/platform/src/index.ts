export * from './auth/authenticator';
export { LookupGate } from './auth/lookup-gate';
export * from './auth/principal';
export * from './auth/recipient-token';
export * from './batching/coalescer';
export * from './batching/fair-budget';
export * from './batching/fair-slots';
export * from './config/common-config';
export * from './config/describe-config';
export * from './config/env';
export * from './config/load-config';
export * from './crypto/api-key';
export * from './crypto/digest';
export * from './crypto/encryption-keys';
export * from './crypto/secret-box';
export * from './health/health';
export * from './health/health-metrics';
export * from './http/auth-problem';
export * from './http/create-http-app';
export * from './http/json-shape';
export * from './http/limit-requests';
export * from './http/mount-routes';
export * from './http/ops-handler';
export * from './http/problem-error';
export * from './http/read-json-body';
export * from './http/request-context';
export { rememberRoute } from './http/route-table';
export * from './http/send';
export * from './http/serve-api-reference';
export * from './http/start-http-server';
export * from './http/start-ops-server';
export * from './http/unstorable-text';
export * from './http/validate-dto';
export * from './http/validate-query';
export * from './log/create-logger';
export * from './log/is-error';
export * from './log/quietly';
export * from './log/scrub-secrets';
export * from './log/serialize-error';
export * from './metrics/http-metrics';
export * from './metrics/metrics';
export * from './net/allow-list';
export * from './net/forbidden-address';
export * from './net/guarded-dispatcher';
export * from './net/unavailable';
export * from './process/background-task';
export * from './process/run-service';
export {
  type Attributes,
  endSpan,
  isSampled,
  type Span,
  SpanKind,
  type SpanOptions,
  startSpan,
  traceparentOf,
} from './tracing/spans';
export { startTracing, type Tracing } from './tracing/start-tracing';
export { traceIdOf } from './tracing/traceparent';
export * from './tracing/tracing-config';
