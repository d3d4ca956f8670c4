import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runService, startHttpServer } from '@herald/platform';
import { IngestConfig } from './config';
import { startIngest } from './start-ingest';

void runService({
  name: 'ingest-api',
  configClass: IngestConfig,
  env: process.env,
  start: async (context) => {
    const ingest = await startIngest({ ...context, openapi: readOpenApi() });
    const server = await startHttpServer({ ...context.config.http, handler: ingest.handler });
    return {
      stop: async (deadlineMs) => {
        await server.close(deadlineMs);
        await ingest.stop();
      },
    };
  },
});

function readOpenApi(): object {
  return JSON.parse(readFileSync(resolve(__dirname, '../../../docs/api/openapi.json'), 'utf8')) as object;
}
