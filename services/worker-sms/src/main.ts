import { startWorkerService, WorkerServiceConfig } from '@herald/delivery';
import { runService } from '@herald/platform';
import { smsParts } from './parts';

void runService({
  name: 'worker-sms',
  configClass: WorkerServiceConfig,
  env: process.env,
  start: (context) => startWorkerService(context, smsParts(context.config)),
});
