import { createHash, generateKeyPair, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { selfSignedCertificate } from './self-signed-certificate';

/** What SNS posts, before it is signed. */
export type SnsFields = Record<string, string>;

/** Signs as SNS does, with a certificate of its own. */
export interface SnsSigner {
  certificate: string;
  /** The file name that the certificate has: another for another certificate, since who verifies keeps it by its URL. */
  certificateFile: string;
  /** Base64 of the signature (`SignatureVersion` 2: SHA-256). */
  sign(fields: SnsFields): string;
}

const SIGNED = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'];
const DAY_MS = 24 * 60 * 60_000;

/** A signer with a new key, which takes some tenths of a second to make. */
export async function snsSigner(nowMs: number): Promise<SnsSigner> {
  const { privateKey, publicKey } = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const validity = { from: nowMs - DAY_MS, to: nowMs + 365 * DAY_MS };
  const certificate = selfSignedCertificate({
    privateKey,
    publicKey,
    commonName: 'sns.sandbox.herald.local',
    ...validity,
  });
  const name = createHash('sha256').update(certificate).digest('hex').slice(0, 32);
  return {
    certificate,
    certificateFile: `SimpleNotificationService-${name}.pem`,
    sign: (fields) => {
      const covered = SIGNED.filter((field) => fields[field] !== undefined);
      const text = covered.map((field) => `${field}\n${fields[field]}\n`).join('');
      return sign('sha256', Buffer.from(text), privateKey).toString('base64');
    },
  };
}
