import { runService, startHttpServer } from '@herald/platform';
import { RealtimeConfig } from './config';
import { startRealtime } from './start-realtime';

void runService({
  name: 'realtime',
  configClass: RealtimeConfig,
  env: process.env,
  start: async (context) => {
    const { http, sockets } = context.config;
    const realtime = await startRealtime(context);
    const { handler, upgrade } = realtime;
    const maxConnections = http.maxConnections + sockets.maxSockets;
    const server = await startHttpServer({ ...http, handler, upgrade, maxConnections });
    return {
      stop: async (deadlineMs) => {
        const began = performance.now();
        await realtime.closeSockets(deadlineMs);
        await server.close(Math.max(0, deadlineMs - (performance.now() - began)));
        await realtime.stop();
      },
    };
  },
});
