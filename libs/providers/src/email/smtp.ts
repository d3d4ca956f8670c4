import { createHmac, createPrivateKey } from 'node:crypto';
import { type FieldError, Format, Optional } from '@herald/contracts';
import { type ProviderDefinition, type ReceiptRequest } from '@herald/delivery';
import { equalConstantTime } from '@herald/platform';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsIn,
  IsInt,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { JSONSchema } from 'class-validator-jsonschema';
import { parseBounce } from './dsn';
import { emailSender } from './email-sender';
import { openSmtp } from './open-smtp';
import { DNS_NAME, HOST } from './smtp-host';

export class SmtpDkimConfig {
  @Matches(DNS_NAME, { message: 'must be a domain name' })
  @JSONSchema({ description: "The signature's d=; has to match the sender's domain for DMARC." })
  domain: string;

  @Matches(DNS_NAME, { message: 'must be the name under _domainkey that holds the public key' })
  selector: string;

  @IsString()
  @MinLength(1)
  @MaxLength(10_000)
  @JSONSchema({ description: 'An RSA key in PEM form, without passphrase.' })
  privateKey: string;
}

export class SmtpConfig {
  @Matches(HOST, { message: 'must be a host name or an IP address' })
  @JSONSchema({ description: 'Internal addresses have to be allowed as for webhooks.' })
  host: string;

  @IsInt()
  @Min(1)
  @Max(65_535)
  port: number;

  @Optional()
  @IsIn(['tls', 'starttls', 'none'])
  @JSONSchema({
    default: 'starttls',
    description:
      'tls: from the first byte (port 465). starttls: upgrade or fail. none: plain text even if the server offers ' +
      'STARTTLS, for a relay on the same machine or network.',
  })
  security?: 'tls' | 'starttls' | 'none';

  @Optional()
  @Format('single-line')
  @MinLength(1)
  @MaxLength(255)
  username?: string;

  @Optional()
  @IsString()
  @MinLength(1)
  @MaxLength(1024)
  password?: string;

  @Format('mailbox')
  @MaxLength(400)
  @JSONSchema({
    description: 'The sender of messages that name none.',
    examples: ['Shop <shop@example.com>'],
  })
  from: string;

  @Optional()
  @IsInt()
  @Min(1)
  @Max(100)
  @JSONSchema({ description: "Connections at most; the worker's own limit holds as well." })
  maxConnections?: number;

  @Optional()
  @IsBoolean()
  @JSONSchema({
    default: true,
    description:
      'false accepts any certificate: only for a server with a self-signed one, on a network that is trusted.',
  })
  rejectUnauthorized?: boolean;

  @Optional()
  @ValidateNested()
  @Type(() => SmtpDkimConfig)
  dkim?: SmtpDkimConfig;

  @Optional()
  @Format('email')
  @JSONSchema({
    description:
      'Where bounces go that come as mail later: the envelope sender becomes name+<delivery id>@domain (VERP). Whoever takes ' +
      'mail for it posts each one as it is, as message/rfc822, to <edge>/v1/receipts/<provider id>, with the header ' +
      'Herald-Signature: the hexadecimal HMAC-SHA256 of the mail under the bounceSecret.',
    examples: ['bounces@example.com'],
  })
  bounceAddress?: string;

  @Optional()
  @Format('single-line')
  @MinLength(32)
  @MaxLength(255)
  bounceSecret?: string;
}

/** E-mail through any SMTP server, with nodemailer's connection pool. */
export const smtp: ProviderDefinition<'email', SmtpConfig> = {
  type: 'smtp',
  channel: 'email',
  title: 'SMTP server',
  config: SmtpConfig,
  secrets: ['password', 'dkim', 'bounceSecret'],
  destination: ['host', 'port', 'security', 'rejectUnauthorized'],
  check: checkConfig,
  open: (config, deps) => openSmtp(config, deps),
  sender: emailSender,
  receipts: { verify: isSignedBounce, parse: ({ rawBody }) => parseBounce(rawBody) },
};

function checkConfig(config: SmtpConfig): FieldError[] {
  const errors: FieldError[] = [];
  if (config.username && !config.password) {
    errors.push({ pointer: '/password', detail: 'is required with a username' });
  }
  if (config.password && !config.username) {
    errors.push({ pointer: '/username', detail: 'is required with a password' });
  }
  if (config.bounceSecret && !config.bounceAddress) {
    errors.push({ pointer: '/bounceAddress', detail: 'is required with a bounceSecret' });
  }
  if (config.bounceAddress && !config.bounceSecret) {
    errors.push({ pointer: '/bounceSecret', detail: 'is required with a bounceAddress' });
  }
  if (config.dkim && !isRsaPrivateKey(config.dkim.privateKey)) {
    // nodemailer signs with RSA only and would send unsigned with any other key.
    errors.push({
      pointer: '/dkim/privateKey',
      detail: 'must be an RSA private key in PEM form without passphrase',
    });
  }
  return errors;
}

/** A bounce is posted by the tenant's own mail server, which knows the secret. */
function isSignedBounce({ headers, rawBody }: ReceiptRequest, { bounceSecret }: SmtpConfig): boolean {
  const given = headers['herald-signature'];
  if (!bounceSecret || typeof given !== 'string') return false;
  return equalConstantTime(given, createHmac('sha256', bounceSecret).update(rawBody).digest('hex'));
}

function isRsaPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
