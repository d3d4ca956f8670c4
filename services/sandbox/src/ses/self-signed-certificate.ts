import { type KeyObject, sign } from 'node:crypto';

export interface CertificateOptions {
  /** RSA. */
  privateKey: KeyObject;
  publicKey: KeyObject;
  commonName: string;
  /** Validity, in epoch milliseconds, until 2049. */
  from: number;
  to: number;
}

const TAG = { integer: 0x02, bitString: 0x03, utf8: 0x0c, utcTime: 0x17, sequence: 0x30, set: 0x31 } as const;

/** sha256WithRSAEncryption, and the parameters that it has: NULL (RFC 4055). */
const ALGORITHM = Buffer.from('300d06092a864886f70d01010b0500', 'hex');
/** The object identifier of a common name. */
const COMMON_NAME = Buffer.from('0603550403', 'hex');

/** A certificate (X.509 version 1, RFC 5280) that its own key has signed, in PEM form: for what only has to be verified. */
export function selfSignedCertificate(options: CertificateOptions): string {
  const { privateKey, publicKey, commonName, from, to } = options;
  const name = der(
    TAG.sequence,
    der(TAG.set, der(TAG.sequence, COMMON_NAME, der(TAG.utf8, Buffer.from(commonName)))),
  );
  const content = der(
    TAG.sequence,
    der(TAG.integer, Buffer.from([1])),
    ALGORITHM,
    name,
    der(TAG.sequence, utcTime(from), utcTime(to)),
    name,
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  // A bit string begins with the number of bits that its last byte leaves unused.
  const signature = der(TAG.bitString, Buffer.from([0]), sign('sha256', content, privateKey));
  return pem(der(TAG.sequence, content, ALGORITHM, signature));
}

/** One value of DER: its tag, its length, its content. */
function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), derLength(content.length), content]);
}

function derLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** `YYMMDDHHMMSSZ` */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14);
  return der(TAG.utcTime, Buffer.from(`${digits}Z`));
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}
