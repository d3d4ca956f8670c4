import { randomBytes } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { HttpAnswer } from '../behaviours/respond';
import { jsonAnswer } from './fcm-errors';
import type { ServiceAccountKey } from './service-account';

const GRANT_TYPE = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Either lets an account send messages. */
const SCOPES = [
  'https://www.googleapis.com/auth/firebase.messaging',
  'https://www.googleapis.com/auth/cloud-platform',
];
const LIFETIME_SECONDS = 3599;
/** Google takes assertions that are good for an hour at most. */
const MAX_ASSERTION_SECONDS = 3600;

/**
 * Google's token endpoint for one service account: gives an access token for a signed assertion
 * (https://developers.google.com/identity/protocols/oauth2/service-account), and knows it again.
 */
export class AccessTokens {
  /** Each token and when it ends, in epoch milliseconds. */
  private readonly ends = new Map<string, number>();

  /** `tokenUri` is what an assertion has to be meant for. */
  constructor(
    private readonly account: ServiceAccountKey,
    private readonly tokenUri: () => string,
  ) {}

  /** Answers a request of a token: a form with `grant_type` and `assertion`. */
  async grant(form: string): Promise<HttpAnswer> {
    const fields = new URLSearchParams(form);
    if (fields.get('grant_type') !== GRANT_TYPE) {
      return refusal('unsupported_grant_type', `Invalid grant_type: ${fields.get('grant_type')}`);
    }
    const refused = await this.refusalOf(fields.get('assertion') ?? '');
    return refused ?? jsonAnswer(200, this.issue());
  }

  /** Whether a request brings a token that was given and has not ended. */
  knows(authorization: string | undefined): boolean {
    const [, token = ''] = /^Bearer (\S+)$/.exec(authorization ?? '') ?? [];
    return (this.ends.get(token) ?? 0) > Date.now();
  }

  /** Ends every token before its time. */
  revokeAll(): void {
    this.ends.clear();
  }

  private issue(): object {
    const now = Date.now();
    for (const [token, end] of this.ends) if (end <= now) this.ends.delete(token);
    const token = `ya29.c.${randomBytes(48).toString('base64url')}`;
    this.ends.set(token, now + LIFETIME_SECONDS * 1000);
    return { access_token: token, expires_in: LIFETIME_SECONDS, token_type: 'Bearer' };
  }

  private async refusalOf(assertion: string): Promise<HttpAnswer | undefined> {
    try {
      const { payload } = await jwtVerify<{ scope?: unknown }>(assertion, this.account.publicKey, {
        algorithms: ['RS256'],
        issuer: this.account.clientEmail,
        audience: this.tokenUri(),
        requiredClaims: ['exp'],
        maxTokenAge: MAX_ASSERTION_SECONDS,
      });
      const { exp = 0, iat = 0, scope } = payload;
      if (exp - iat > MAX_ASSERTION_SECONDS) {
        return refusal('invalid_grant', 'Invalid JWT: Token must be a short-lived token.');
      }
      const scopes = typeof scope === 'string' ? scope.split(' ') : [];
      if (scopes.some((each) => SCOPES.includes(each))) return undefined;
      return refusal('invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return refusal('invalid_grant', `Invalid JWT: ${error.message}`);
    }
  }
}

const refusal = (error: string, description: string): HttpAnswer =>
  jsonAnswer(400, { error, error_description: description });
