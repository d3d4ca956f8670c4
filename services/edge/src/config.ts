import {
  CryptoConfig,
  Env,
  HttpConfig,
  LogConfig,
  Nested,
  PostgresConfig,
  ShutdownConfig,
} from '@herald/platform';
import { IsUrl } from 'class-validator';

export class EdgeConfig {
  @Nested(() => HttpConfig) http: HttpConfig;
  @Nested(() => LogConfig) log: LogConfig;
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
}
