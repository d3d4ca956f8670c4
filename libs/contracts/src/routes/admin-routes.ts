import { type RouteContract } from '../route';
import { API_KEY_ROUTES } from './admin/api-key-routes';
import { CHANNEL_ROUTES } from './admin/channel-routes';
import { DEAD_LETTER_ROUTES } from './admin/dead-letter-routes';
import { PROVIDER_ROUTES } from './admin/provider-routes';
import { RECIPIENT_TOKEN_ROUTES } from './admin/recipient-token-routes';
import { SUPPRESSION_ROUTES } from './admin/suppression-routes';
import { TENANT_ROUTES } from './admin/tenant-routes';
import { VAPID_KEY_ROUTES } from './admin/vapid-key-routes';
import { WEBHOOK_ENDPOINT_ROUTES } from './admin/webhook-endpoint-routes';
import { WEBHOOK_SECRET_ROUTES } from './admin/webhook-secret-routes';

/** What the admin API serves. `admin` routes are for a tenant's key with that scope, and for the operator. */
export const ADMIN_ROUTES = [
  ...TENANT_ROUTES,
  ...API_KEY_ROUTES,
  ...PROVIDER_ROUTES,
  ...WEBHOOK_SECRET_ROUTES,
  ...WEBHOOK_ENDPOINT_ROUTES,
  ...VAPID_KEY_ROUTES,
  ...RECIPIENT_TOKEN_ROUTES,
  ...SUPPRESSION_ROUTES,
  ...DEAD_LETTER_ROUTES,
  ...CHANNEL_ROUTES,
] as const satisfies readonly RouteContract[];
