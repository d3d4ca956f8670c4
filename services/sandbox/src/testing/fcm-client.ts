import { createPrivateKey, type KeyObject } from 'node:crypto';
import { type JWTPayload, SignJWT } from 'jose';
import type { TestSandbox } from './test-sandbox';

export const FCM_ACCOUNT = {
  projectId: 'shop-1',
  clientEmail: 'herald@shop-1.iam.gserviceaccount.com',
};
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const SCOPE = 'https://www.googleapis.com/auth/firebase.messaging';

export interface FcmAnswer {
  status: number;
  headers: Headers;
  /** The JSON, or the text of another answer. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read JSON of every shape
  body: any;
}

/** A client of the sandbox's FCM that can also do what a good one does not. */
export class FcmClient {
  constructor(private readonly sandbox: TestSandbox) {}

  get tokenUri(): string {
    return `${this.sandbox.httpUrl}/fcm/token`;
  }

  /** A signed assertion: as the account makes it, or with other claims or another's key. */
  async assertion(claims: JWTPayload = {}, key: KeyObject = this.key()): Promise<string> {
    const iat = Math.floor(Date.now() / 1000);
    const iss = FCM_ACCOUNT.clientEmail;
    const all = { iss, aud: this.tokenUri, scope: SCOPE, iat, exp: iat + 3600, ...claims };
    return new SignJWT(all).setProtectedHeader({ alg: 'RS256' }).sign(key);
  }

  async ask(form: Record<string, string>): Promise<FcmAnswer> {
    return answerOf(await fetch(this.tokenUri, { method: 'POST', body: new URLSearchParams(form) }));
  }

  async accessToken(): Promise<string> {
    const { body } = await this.ask({ grant_type: JWT_BEARER, assertion: await this.assertion() });
    return body.access_token;
  }

  /** `messages:send` with a new access token, or the given one. */
  async send(
    message: unknown,
    {
      token,
      project = FCM_ACCOUNT.projectId,
      ...more
    }: { token?: string; project?: string; validate_only?: boolean } = {},
  ): Promise<FcmAnswer> {
    const authorization = `Bearer ${token ?? (await this.accessToken())}`;
    const response = await fetch(`${this.sandbox.httpUrl}/fcm/v1/projects/${project}/messages:send`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify({ message, ...more }),
    });
    return answerOf(response);
  }

  private key(): KeyObject {
    const file = JSON.parse(this.sandbox.fcm?.serviceAccount() ?? '{}') as { private_key: string };
    return createPrivateKey(file.private_key);
  }
}

async function answerOf(response: Response): Promise<FcmAnswer> {
  const { status, headers } = response;
  const text = await response.text();
  return { status, headers, body: headers.get('content-type')?.includes('json') ? JSON.parse(text) : text };
}
