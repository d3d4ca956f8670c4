import type { Behaviours } from '../behaviours/behaviours';
import type { DirectRoute } from '../http/http-app';
import type { SandboxLogger } from '../logger';
import type { MessageStore } from '../store/message-store';
import { eventSigner } from './event-signer';
import { EventWebhook } from './event-webhook';
import { SENDGRID_PREFIX, sendgridApi } from './sendgrid-api';

export interface SendgridAccount {
  apiKey: string;
  /** The P-256 key that signs events, base64 of DER (PKCS#8); made anew at each start when missing. */
  signingKey?: string;
}

export interface Sendgrid {
  door: DirectRoute;
  events: EventWebhook;
  addresses: { apiKey: string; publicKey: string };
}

/**
 * What the sandbox does of SendGrid, for one account.
 *
 * @throws Error when its signing key is not a P-256 key
 */
export function openSendgrid(
  account: SendgridAccount,
  parts: { store: MessageStore; behaviours: Behaviours; logger: SandboxLogger },
): Sendgrid {
  const { apiKey, signingKey } = account;
  const signer = eventSigner(signingKey);
  const { store, behaviours, logger } = parts;
  const events = new EventWebhook({ signer, logger });
  const handle = sendgridApi({ apiKey, store, behaviours, webhook: events });
  return {
    door: { takes: (url) => url.startsWith(SENDGRID_PREFIX), handle },
    events,
    addresses: { apiKey, publicKey: signer.publicKey },
  };
}
