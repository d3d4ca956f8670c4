export { type AdminAppDeps, createAdminApp } from './app';
export { AdminApiConfig } from './config';
export { adminMetrics } from './metrics';
export { type AdminOptions, type RunningAdmin, startAdmin } from './start-admin';
export { newVapidKey } from './vapid-keys';
export { newWebhookSecret } from './webhook-secrets';
