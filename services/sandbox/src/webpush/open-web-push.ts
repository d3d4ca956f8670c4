import { randomBytes } from 'node:crypto';
import { Router } from 'express';
import type { Behaviours } from '../behaviours/behaviours';
import type { DirectRoute } from '../http/http-app';
import type { MessageStore } from '../store/message-store';
import { PUSH_PATH, pushService, WEB_PUSH_PREFIX } from './push-service';
import { openSubscriptions, type Subscriptions } from './subscriptions';

export interface WebPushOptions {
  /** A secret that the keys of subscriptions are derived from, so that they outlive a restart; random when missing. */
  seed?: string;
  /** What the example page subscribes with (base64url); asked for each visit. */
  vapidPublicKey?: () => string | undefined | Promise<string | undefined>;
  /** Where Herald's API is and a key for it, for the command on the example page. */
  api?: () => { url: string; key: string } | undefined;
}

interface OpenWebPush {
  door: DirectRoute;
  /** What the example page at `/app/push/` asks. */
  page: Router;
  subscription: Subscriptions['subscribe'];
}

/** A push service with its browsers, and the example page for real ones. */
export function openWebPush(
  { seed = randomBytes(32).toString('base64'), vapidPublicKey, api }: WebPushOptions,
  deps: { store: MessageStore; behaviours: Behaviours; baseUrl: () => string },
): OpenWebPush {
  const subscriptions = openSubscriptions({ seed, endpointBase: () => deps.baseUrl() + PUSH_PATH });
  const page = Router();
  page.get('/app/push/options', async (_req, res) => {
    res.json({ vapidPublicKey: (await vapidPublicKey?.()) ?? null, api: api?.() ?? null });
  });
  return {
    door: {
      takes: (url) => url.startsWith(WEB_PUSH_PREFIX),
      handle: pushService({ subscriptions, store: deps.store, behaviours: deps.behaviours }),
    },
    page,
    subscription: subscriptions.subscribe,
  };
}
