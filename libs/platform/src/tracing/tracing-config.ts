import { IsNumber, IsOptional, IsUrl, Max, Min, ValidateBy } from 'class-validator';
import { Env } from '../config/env';

/** Names and meanings as the OpenTelemetry specification has them, as far as Herald knows them. */
export class TracingConfig {
  @Env('OTEL_EXPORTER_OTLP_ENDPOINT', {
    description: 'Where traces go, by OTLP over HTTP: a collector. Without it nothing is traced.',
    example: 'http://otel-collector:4318',
  })
  @IsOptional()
  @IsUrl({ protocols: ['http', 'https'], require_protocol: true, require_tld: false })
  endpoint?: string;

  @Env('OTEL_EXPORTER_OTLP_HEADERS', {
    description: 'Headers for the collector.',
    example: 'authorization=Bearer%20secret',
    secret: true,
  })
  @IsOptional()
  @ValidateBy(
    { name: 'otlpHeaders', validator: { validate: isHeaders } },
    { message: 'a comma separated list of name=value, values percent-encoded' },
  )
  headers?: string[];

  @Env('OTEL_TRACES_SAMPLER_ARG', {
    description:
      'The share of requests that are traced. A request with a traceparent is traced when its caller traces it.',
    default: 0.1,
  })
  @IsNumber()
  @Min(0)
  @Max(1)
  share: number;
}

function isHeaders(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => /^[\w!#$%&'*+.^`|~-]+=[^\s]*$/.test(String(each)));
}
