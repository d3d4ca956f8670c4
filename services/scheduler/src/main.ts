import { runService, startOpsServer } from '@herald/platform';
import { SchedulerConfig } from './config';
import { startScheduler } from './start-scheduler';

void runService({
  name: 'scheduler',
  configClass: SchedulerConfig,
  env: process.env,
  start: async (context) => {
    const scheduler = await startScheduler(context);
    const server = await startOpsServer(context);
    return {
      stop: async () => {
        await scheduler.stop();
        await server.close(1000);
      },
    };
  },
});
