import { startWorkerService, WorkerServiceConfig } from '@herald/delivery';
import { runService } from '@herald/platform';
import { inappParts } from './parts';

void runService({
  name: 'worker-inapp',
  configClass: WorkerServiceConfig,
  env: process.env,
  start: (context) => startWorkerService(context, inappParts()),
});
