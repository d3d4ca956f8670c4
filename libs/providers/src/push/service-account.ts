import { createPrivateKey, type KeyObject } from 'node:crypto';

/** What of a Google service account's key file sending needs. */
export interface ServiceAccount {
  projectId: string;
  clientEmail: string;
  privateKey: KeyObject;
  /** Which of the account's keys this is. */
  privateKeyId?: string;
  /** Where access tokens are asked for, as the file writes it: the assertion names it in the same letters. */
  tokenUri: string;
}

export type ParsedServiceAccount = { ok: true; account: ServiceAccount } | { ok: false; detail: string };

/** RS256 wants 2,048 bits or more (RFC 7518, section 3.3). */
const MIN_KEY_BITS = 2048;
/** Ids of today have lower-case letters, digits and hyphens; old ones a domain in front: `example.com:shop`. */
const PROJECT_ID = /^[a-z0-9][a-z0-9.:-]{2,99}$/;
const CLIENT_EMAIL = /^[^\s@]{1,64}@[^\s@]{1,255}$/;

/** Reads the JSON of a key file, as the Google Cloud console gives it. `detail` names the field that is wrong. */
export function parseServiceAccount(json: string): ParsedServiceAccount {
  const file = parseObject(json);
  if (!file) return wrong('must be the JSON of a service account key file');
  const { project_id: projectId, client_email: clientEmail, token_uri: tokenUri } = file;
  if (!isMatch(PROJECT_ID, projectId)) return wrong('must have the id of a project as project_id');
  if (!isMatch(CLIENT_EMAIL, clientEmail)) return wrong('must have an e-mail address as client_email');
  if (!isHttpUrl(tokenUri)) return wrong('must have an http or https URL as token_uri');
  const privateKey = rsaKey(file.private_key);
  if (!privateKey) return wrong(`must have an RSA key of ${MIN_KEY_BITS} bits or more as private_key (PEM)`);
  const id = file.private_key_id;
  const privateKeyId = typeof id === 'string' && id !== '' ? id : undefined;
  return { ok: true, account: { projectId, clientEmail, privateKey, privateKeyId, tokenUri } };
}

const wrong = (detail: string) => ({ ok: false, detail }) as const;

const isMatch = (pattern: RegExp, value: unknown): value is string =>
  typeof value === 'string' && pattern.test(value);

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isHttpUrl(value: unknown): value is string {
  if (typeof value !== 'string' || !URL.canParse(value)) return false;
  const { protocol, username, password } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}

function rsaKey(pem: unknown): KeyObject | undefined {
  if (typeof pem !== 'string') return undefined;
  try {
    const key = createPrivateKey(pem);
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return key.asymmetricKeyType === 'rsa' && bits >= MIN_KEY_BITS ? key : undefined;
  } catch {
    return undefined;
  }
}
