import { ApiKey } from './api-key';
import { ProviderConfig } from './provider-config';
import { Suppression } from './suppression';
import { Tenant } from './tenant';
import { VapidKey } from './vapid-key';
import { WebhookEndpoint } from './webhook-endpoint';
import { WebhookSecret } from './webhook-secret';

/** Tables that people edit; hot tables are written by plain SQL. */
export const ENTITIES = [
  Tenant,
  ApiKey,
  ProviderConfig,
  WebhookEndpoint,
  WebhookSecret,
  VapidKey,
  Suppression,
] as const;
export { ApiKey, ProviderConfig, Suppression, Tenant, VapidKey, WebhookEndpoint, WebhookSecret };
