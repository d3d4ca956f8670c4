import {
  CryptoConfig,
  Env,
  HttpConfig,
  LogConfig,
  Nested,
  PostgresConfig,
  ShutdownConfig,
  TracingConfig,
} from '@herald/platform';
import { IsString, IsUrl } from 'class-validator';

export class EdgeConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => TracingConfig) tracing: TracingConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;
  @Nested(() => PostgresConfig) postgres: PostgresConfig;
  @Nested(() => CryptoConfig) crypto: CryptoConfig;

  @Env('EDGE_PUBLIC_URL', {
    description:
      'Where providers reach this service. They sign the URL that they call, so it must be exactly what they were given: ' +
      'the same as for the workers.',
    example: 'https://edge.example.com',
  })
  @IsUrl({ require_tld: false, require_protocol: true, protocols: ['http', 'https'] })
  publicUrl: string;

  @Env('EGRESS_ALLOWED_TARGETS', {
    description:
      'Internal targets that may be asked for what the check of a signature needs (the snsBaseUrl of a provider); as for the ' +
      'workers.',
    default: [],
    example: 'sns.internal,10.20.0.0/16',
  })
  @IsString({ each: true })
  allowedTargets: string[];
}
