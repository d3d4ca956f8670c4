import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runService, startHttpServer } from '@herald/platform';
import { AdminApiConfig } from './config';
import { startAdmin } from './start-admin';

void runService({
  name: 'admin-api',
  configClass: AdminApiConfig,
  env: process.env,
  start: async (context) => {
    const admin = await startAdmin({ ...context, openapi: readOpenApi() });
    const server = await startHttpServer({ ...context.config.http, handler: admin.handler });
    return {
      stop: async (deadlineMs) => {
        await server.close(deadlineMs);
        await admin.stop();
      },
    };
  },
});

function readOpenApi(): object {
  return JSON.parse(readFileSync(resolve(__dirname, '../../../docs/api/openapi.json'), 'utf8')) as object;
}
