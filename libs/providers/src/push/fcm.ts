import { type FieldError, Format, LIMITS, Optional, PLATFORMS, type Platform } from '@herald/contracts';
import { type ProviderDefinition } from '@herald/delivery';
import { type SendOutcome } from '@herald/domain';
import { ArrayMinSize, ArrayUnique, IsArray, IsIn, MaxLength } from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { Agent } from 'undici';
import { CLOSED } from '../closed';
import { type Exchange, postOnce } from '../http/exchange';
import { fcmOutcome, isTokenRefused } from './fcm-errors';
import { fcmMessage, fcmPayloadBytes } from './fcm-message';
import { GoogleTokens } from './google-token';
import { parseServiceAccount, type ServiceAccount } from './service-account';

export class FcmConfig {
  @Format('text')
  @MaxLength(16_384)
  @JSONSchema({
    description:
      'The JSON of a key file of a service account that may send messages of its project, as the Firebase console gives ' +
      'it.',
    examples: [
      '{"type":"service_account","project_id":"shop","private_key":"…","client_email":"…","token_uri":"…"}',
    ],
  })
  serviceAccount: string;

  @Optional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayUnique()
  @IsIn(PLATFORMS, { each: true })
  @JSONSchema({
    default: ['android'],
    description:
      "Whose devices it sends to. With ios when the tokens of the app on iOS are FCM's and not APNs' own.",
  })
  platforms?: Platform[];

  @Optional()
  @Format('http-url')
  @JSONSchema({
    description:
      'Instead of https://fcm.googleapis.com, such as a sandbox. Internal addresses have to be allowed as for webhooks.',
  })
  apiBaseUrl?: string;
}

const API = 'https://fcm.googleapis.com';
const GOOGLE_TOKENS = 'https://oauth2.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';
/** How long an assertion may be used; an hour is the most that Google takes. */
const ASSERTION_SECONDS = 3600;
const MAX_BODY_BYTES = 64 * 1024;
const HEADERS = { 'content-type': 'application/json', accept: 'application/json' };

/** Push messages through Firebase Cloud Messaging's HTTP v1 API. */
export const fcm: ProviderDefinition<'push', FcmConfig> = {
  type: 'fcm',
  channel: 'push',
  title: 'Firebase Cloud Messaging',
  config: FcmConfig,
  secrets: ['serviceAccount'],
  destination: ['apiBaseUrl'],
  check: checkConfig,
  carries: ({ platform }, { platforms = ['android'] }) => platforms.includes(platform),

  async open(config, deps) {
    const parsed = parseServiceAccount(config.serviceAccount);
    if (!parsed.ok) throw new Error(`the service account ${parsed.detail}`);
    const { account } = parsed;
    const own = new Agent({ connections: deps.maxConnections, connect: { timeout: deps.timeoutMs } });
    // A tenant who chooses where requests go must not reach into our network with them.
    const dispatcherOf = (url: string, known: string) =>
      new URL(url).origin === known ? own : deps.guardedDispatcher;
    const tokens = new GoogleTokens({
      tokenUri: account.tokenUri,
      assertion: await assertionsOf(account),
      dispatcher: dispatcherOf(account.tokenUri, GOOGLE_TOKENS),
      timeoutMs: deps.timeoutMs,
      now: Date.now,
    });
    const url = sendUrl(config, account);
    const dispatcher = dispatcherOf(url.href, API);
    let closed = false;
    return {
      async send(message, { signal }) {
        if (closed) return CLOSED;
        const mapped = fcmMessage(message, Date.now());
        const bytes = fcmPayloadBytes(mapped);
        if (bytes > LIMITS.pushPayloadBytes) return tooLarge(bytes);
        const body = JSON.stringify({ message: mapped });
        const { timeoutMs } = deps;
        return sendWithToken(tokens, signal, (token) => {
          const headers = { ...HEADERS, authorization: `Bearer ${token}` };
          return postOnce(dispatcher, {
            url,
            headers,
            body,
            timeoutMs,
            maxBodyBytes: MAX_BODY_BYTES,
            signal,
          });
        });
      },
      async close() {
        if (closed) return;
        closed = true;
        tokens.close();
        void own.close();
      },
    };
  },
};

function checkConfig({ serviceAccount }: FcmConfig): FieldError[] {
  const parsed = parseServiceAccount(serviceAccount);
  return parsed.ok ? [] : [{ pointer: '/serviceAccount', detail: parsed.detail }];
}

function sendUrl({ apiBaseUrl = API }: FcmConfig, { projectId }: ServiceAccount): URL {
  const project = encodeURIComponent(projectId);
  return new URL(`${apiBaseUrl.replace(/\/+$/, '')}/v1/projects/${project}/messages:send`);
}

/** Signs as the account: https://developers.google.com/identity/protocols/oauth2/service-account. */
async function assertionsOf(account: ServiceAccount): Promise<(nowMs: number) => Promise<string>> {
  const { SignJWT } = await import('jose');
  const { clientEmail, privateKey, privateKeyId: kid, tokenUri } = account;
  return (nowMs) => {
    const issuedAt = Math.floor(nowMs / 1000);
    return new SignJWT({ scope: SCOPE })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', ...(kid !== undefined && { kid }) })
      .setIssuer(clientEmail)
      .setAudience(tokenUri)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_SECONDS)
      .sign(privateKey);
  };
}

/** Posts with the account's access token; one that FCM refuses is replaced, once. */
async function sendWithToken(
  tokens: GoogleTokens,
  signal: AbortSignal,
  post: (token: string) => Promise<Exchange>,
): Promise<SendOutcome> {
  const held = await tokens.get(signal);
  if (!held.ok) return held.outcome;
  const exchange = await post(held.token);
  if (!isTokenRefused(exchange)) return fcmOutcome(exchange, Date.now());
  tokens.drop(held.token);
  const renewed = await tokens.get(signal);
  return renewed.ok ? fcmOutcome(await post(renewed.token), Date.now()) : renewed.outcome;
}

function tooLarge(bytes: number): SendOutcome {
  return {
    outcome: 'permanent-content',
    reason: 'content_rejected',
    code: 'fcm_payload_too_large',
    detail: `The payload has ${bytes} bytes; FCM takes ${LIMITS.pushPayloadBytes}.`,
  };
}
