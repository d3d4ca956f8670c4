import type { Behaviours } from '../behaviours/behaviours';
import type { DirectRoute } from '../http/http-app';
import type { MessageStore } from '../store/message-store';
import { AccessTokens } from './access-tokens';
import { FCM_PREFIX, fcmApi, TOKEN_PATH } from './fcm-api';
import { type FcmAccount, serviceAccountKey } from './service-account';

/** What a client needs to know of the sandbox's FCM. */
export interface FcmAccess {
  /** The JSON of the service account's key file, whose `token_uri` is the sandbox. */
  serviceAccount(): string;
  /** What a client takes for https://fcm.googleapis.com. */
  apiBaseUrl(): string;
  /** Ends every access token before its time. */
  revokeTokens(): void;
}

export interface Fcm {
  door: DirectRoute;
  access: FcmAccess;
}

/**
 * What the sandbox does of FCM, for one service account.
 *
 * @throws Error when the account's key is not an RSA key
 */
export async function openFcm(
  account: FcmAccount,
  parts: { store: MessageStore; behaviours: Behaviours; baseUrl: () => string },
): Promise<Fcm> {
  const key = await serviceAccountKey(account);
  const { store, behaviours, baseUrl } = parts;
  const tokenUri = () => baseUrl() + TOKEN_PATH;
  const tokens = new AccessTokens(key, tokenUri);
  const serviceAccount = () => key.keyFile(tokenUri());
  const handle = fcmApi({
    projectId: key.projectId,
    tokens,
    keyFile: serviceAccount,
    store,
    behaviours,
  });
  return {
    door: { takes: (url) => url.startsWith(FCM_PREFIX), handle },
    access: {
      serviceAccount,
      apiBaseUrl: () => baseUrl() + FCM_PREFIX.slice(0, -1),
      revokeTokens: () => tokens.revokeAll(),
    },
  };
}
