import { startWorkerService, WorkerServiceConfig } from '@herald/delivery';
import { runService } from '@herald/platform';
import { webpushParts } from './parts';

void runService({
  name: 'worker-webpush',
  configClass: WorkerServiceConfig,
  env: process.env,
  start: (context) => startWorkerService(context, webpushParts(context.config)),
});
