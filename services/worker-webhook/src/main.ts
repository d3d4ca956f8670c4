import { startWorkerService, WorkerServiceConfig } from '@herald/delivery';
import { runService } from '@herald/platform';
import { webhookParts } from './parts';

void runService({
  name: 'worker-webhook',
  configClass: WorkerServiceConfig,
  env: process.env,
  start: (context) => startWorkerService(context, webhookParts(context.config)),
});
