import { startWorkerService, WorkerServiceConfig } from '@herald/delivery';
import { runService } from '@herald/platform';
import { pushParts } from './parts';

void runService({
  name: 'worker-push',
  configClass: WorkerServiceConfig,
  env: process.env,
  start: (context) => startWorkerService(context, pushParts(context.config)),
});
