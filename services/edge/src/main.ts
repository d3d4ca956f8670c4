import { runService, startHttpServer } from '@herald/platform';
import { EdgeConfig } from './config';
import { startEdge } from './start-edge';

void runService({
  name: 'edge',
  configClass: EdgeConfig,
  env: process.env,
  start: async (context) => {
    const edge = await startEdge(context);
    const server = await startHttpServer({ ...context.config.http, handler: edge.handler });
    return {
      stop: async (deadlineMs) => {
        await server.close(deadlineMs);
        await edge.stop();
      },
    };
  },
});
