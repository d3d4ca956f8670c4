import { startWorkerService, WorkerServiceConfig } from '@herald/delivery';
import { runService } from '@herald/platform';
import { emailParts } from './parts';

void runService({
  name: 'worker-email',
  configClass: WorkerServiceConfig,
  env: process.env,
  start: (context) => startWorkerService(context, emailParts(context.config)),
});
