import { createPrivateKey, type KeyObject } from 'node:crypto';

export interface ProviderTokensOptions {
  keyId: string;
  teamId: string;
  /** PEM, as checked by `isApnsKey`. */
  privateKey: string;
  /** Epoch milliseconds. */
  now(): number;
}

interface HeldToken {
  /** Epoch milliseconds. */
  issuedAt: number;
  /** Whether APNs had called the one before it expired. */
  replacement: boolean;
  token: Promise<string>;
}

const MINUTE = 60_000;
/** APNs takes a token for an hour. */
const RENEW_AFTER_MS = 50 * MINUTE;
/** And wants no two within this time. */
const LEAST_AGE_MS = 20 * MINUTE;

/**
 * The tokens that requests to APNs carry, signed with the team's key: one for all requests of nearly an hour
 * (https://developer.apple.com/documentation/usernotifications/establishing-a-token-based-connection-to-apns).
 */
export class ProviderTokens {
  private held: HeldToken | undefined;
  private readonly key: KeyObject;

  constructor(private readonly options: ProviderTokensOptions) {
    this.key = createPrivateKey(options.privateKey);
  }

  current(): Promise<string> {
    const { held } = this;
    if (held && this.options.now() - held.issuedAt < RENEW_AFTER_MS) return held.token;
    return this.issue(false);
  }

  /**
   * The token to use in place of one that APNs calls expired. Undefined when that one replaced another a moment ago: then
   * it is the clock that is wrong, and APNs must not be flooded with new tokens.
   */
  async replace(expired: string): Promise<string | undefined> {
    const { held } = this;
    const current = await held?.token;
    if (current !== expired) return this.current();
    // Somebody else may have replaced it meanwhile.
    if (this.held !== held) return this.current();
    const tooSoon = held?.replacement && Math.abs(this.options.now() - held.issuedAt) < LEAST_AGE_MS;
    return tooSoon ? undefined : this.issue(true);
  }

  private issue(replacement: boolean): Promise<string> {
    const issuedAt = this.options.now();
    const token = this.sign(issuedAt);
    this.held = { issuedAt, replacement, token };
    return token;
  }

  private async sign(issuedAt: number): Promise<string> {
    const { SignJWT } = await import('jose');
    const { keyId, teamId } = this.options;
    return new SignJWT()
      .setProtectedHeader({ alg: 'ES256', kid: keyId })
      .setIssuer(teamId)
      .setIssuedAt(Math.floor(issuedAt / 1000))
      .sign(this.key);
  }
}

/** Whether a text is a private key as Apple's .p8 files hold it: P-256, in PEM form, without passphrase. */
export function isApnsKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyDetails?.namedCurve === 'prime256v1';
  } catch {
    return false;
  }
}
