import { type ConfigCheck, Env, LogConfig, Nested, ShutdownConfig } from '@herald/platform';
import { IsBoolean, IsInt, IsOptional, IsString, Matches, Max, Min, MinLength } from 'class-validator';

const LOOPBACK = /^(?:127\.\d+\.\d+\.\d+|::1|localhost)$/;
/** What the sandbox's own Twilio account is called unless told otherwise. It opens nothing else. */
const DEFAULT_ACCOUNT = { sid: `AC${'0'.repeat(32)}`, authToken: 'sandbox-auth-token' };
/** Likewise its Vonage account. */
const DEFAULT_VONAGE = {
  apiKey: 'sandbox0',
  apiSecret: 'sandbox-api-secret',
  signatureSecret: 'sandbox-signature-secret',
};
/** Likewise its SES account. */
const DEFAULT_SES = {
  smtpUsername: 'sandbox-ses',
  smtpPassword: 'sandbox-ses-password',
  topicArn: 'arn:aws:sns:us-east-1:000000000000:sandbox',
};
/** Likewise its team at Apple. */
const DEFAULT_APNS = { keyId: 'SANDBOXKEY', teamId: 'SANDBOXTM1', topic: 'test.herald.sandbox' };
/** Likewise its service account of FCM. */
const DEFAULT_FCM = { projectId: 'sandbox', clientEmail: 'herald@sandbox.iam.gserviceaccount.com' };

/** A sandbox that runs alone. */
export class SandboxConfig {
  @Nested(() => LogConfig) log: LogConfig;
  @Nested(() => ShutdownConfig) shutdown: ShutdownConfig;

  @Env('HERALD_SANDBOX_HOST', {
    description: 'Address the sandbox listens on. It has no login.',
    default: '127.0.0.1',
  })
  @IsString()
  host: string;

  @Env('HERALD_SANDBOX_HTTP_PORT', {
    description: 'Port of the page, its API, the Twilio API and the webhook receiver; 0 takes a free one.',
    default: 8025,
  })
  @IsInt()
  @Min(0)
  @Max(65535)
  httpPort: number;

  @Env('HERALD_SANDBOX_SMTP_PORT', {
    description: 'Port of the SMTP server; 0 takes a free one.',
    default: 2525,
  })
  @IsInt()
  @Min(0)
  @Max(65535)
  smtpPort: number;

  @Env('HERALD_SANDBOX_START_TLS', {
    description: 'Whether the SMTP server offers STARTTLS, with a certificate that no client should trust.',
    default: false,
  })
  @IsBoolean()
  startTls: boolean;

  @Env('HERALD_SANDBOX_TWILIO_ACCOUNT_SID', {
    description: 'The account the Twilio API knows.',
    default: DEFAULT_ACCOUNT.sid,
  })
  @Matches(/^AC[0-9a-f]{32}$/i, { message: 'AC and 32 hexadecimal digits' })
  twilioAccountSid: string;

  @Env('HERALD_SANDBOX_TWILIO_AUTH_TOKEN', {
    description: 'Its auth token, which also signs status callbacks.',
    default: DEFAULT_ACCOUNT.authToken,
    secret: true,
  })
  @MinLength(1)
  twilioAuthToken: string;

  @Env('HERALD_SANDBOX_SENDGRID_API_KEY', {
    description: 'The API key that the SendGrid API knows.',
    default: 'SG.sandbox-api-key',
    secret: true,
  })
  @Matches(/^[\x21-\x7e]{16,255}$/, { message: '16 to 255 letters, digits and signs without spaces' })
  sendgridApiKey: string;

  @Env('HERALD_SANDBOX_SENDGRID_SIGNING_KEY', {
    description:
      "The P-256 key that signs SendGrid's events, base64 of DER (PKCS#8); a new one at each start when missing.",
    example: '<base64>',
    kind: 'string',
    secret: true,
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9+/]{100,}={0,2}$/, { message: 'base64 of a P-256 private key in DER (PKCS#8)' })
  sendgridSigningKey?: string;

  @Env('HERALD_SANDBOX_SES_SMTP_USERNAME', {
    description: 'The login by which the SMTP server is that of Amazon SES.',
    default: DEFAULT_SES.smtpUsername,
  })
  @Matches(/^[\x21-\x7e]{4,255}$/, { message: '4 to 255 letters, digits and signs without spaces' })
  sesSmtpUsername: string;

  @Env('HERALD_SANDBOX_SES_SMTP_PASSWORD', {
    description: 'Its password.',
    default: DEFAULT_SES.smtpPassword,
    secret: true,
  })
  @MinLength(1)
  sesSmtpPassword: string;

  @Env('HERALD_SANDBOX_SES_TOPIC_ARN', {
    description: 'The SNS topic that notifications of SES come through.',
    default: DEFAULT_SES.topicArn,
  })
  @Matches(/^arn:aws:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}$/, { message: 'the ARN of an SNS topic' })
  sesTopicArn: string;

  @Env('HERALD_SANDBOX_SES_ENDPOINT', {
    description: "Where notifications of SES are posted, once it has confirmed: a provider's receipt URL.",
    example: 'http://127.0.0.1:3002/v1/receipts/<provider id>',
    kind: 'string',
  })
  @IsOptional()
  @Matches(/^https?:\/\/\S+$/, { message: 'an http or https URL' })
  sesEndpoint?: string;

  @Env('HERALD_SANDBOX_FCM_PROJECT_ID', {
    description: 'The project the FCM API knows.',
    default: DEFAULT_FCM.projectId,
  })
  @Matches(/^[a-z0-9][a-z0-9-]{2,62}$/, { message: '3 to 63 lower-case letters, digits and hyphens' })
  fcmProjectId: string;

  @Env('HERALD_SANDBOX_FCM_CLIENT_EMAIL', {
    description: 'The service account that may send for it.',
    default: DEFAULT_FCM.clientEmail,
  })
  @Matches(/^[^\s@]{1,64}@[^\s@]{1,255}$/, { message: 'an e-mail address' })
  fcmClientEmail: string;

  @Env('HERALD_SANDBOX_FCM_PRIVATE_KEY', {
    description:
      'Its RSA key, base64 of DER (PKCS#8); a new one at each start when missing. ' +
      'The key file is at /fcm/service-account.json.',
    example: '<base64>',
    kind: 'string',
    secret: true,
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9+/]{1000,}={0,2}$/, { message: 'base64 of an RSA private key in DER (PKCS#8)' })
  fcmPrivateKey?: string;

  @Env('HERALD_SANDBOX_APNS_PORT', {
    description: 'Port of APNs, which speaks HTTP/2 in clear text; 0 takes a free one.',
    default: 2197,
  })
  @IsInt()
  @Min(0)
  @Max(65535)
  apnsPort: number;

  @Env('HERALD_SANDBOX_APNS_KEY_ID', {
    description: 'The id of the signing key that APNs knows.',
    default: DEFAULT_APNS.keyId,
  })
  @Matches(/^[A-Z0-9]{10}$/, { message: '10 capital letters and digits' })
  apnsKeyId: string;

  @Env('HERALD_SANDBOX_APNS_TEAM_ID', {
    description: 'The team that it belongs to.',
    default: DEFAULT_APNS.teamId,
  })
  @Matches(/^[A-Z0-9]{10}$/, { message: '10 capital letters and digits' })
  apnsTeamId: string;

  @Env('HERALD_SANDBOX_APNS_TOPIC', { description: 'The bundle id of its app.', default: DEFAULT_APNS.topic })
  @Matches(/^[A-Za-z0-9][A-Za-z0-9.-]{0,154}$/, { message: 'a bundle id' })
  apnsTopic: string;

  @Env('HERALD_SANDBOX_APNS_PRIVATE_KEY', {
    description:
      'The key, base64 of DER (PKCS#8, P-256); a new one at each start when missing. Its file is at /apns/key.p8.',
    example: '<base64>',
    kind: 'string',
    secret: true,
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9+/]{100,}={0,2}$/, { message: 'base64 of a P-256 private key in DER (PKCS#8)' })
  apnsPrivateKey?: string;

  @Env('HERALD_SANDBOX_VONAGE_API_KEY', {
    description: 'The account the Vonage API knows.',
    default: DEFAULT_VONAGE.apiKey,
  })
  @Matches(/^[0-9A-Za-z]{4,64}$/, { message: 'letters and digits' })
  vonageApiKey: string;

  @Env('HERALD_SANDBOX_VONAGE_API_SECRET', {
    description: 'Its API secret.',
    default: DEFAULT_VONAGE.apiSecret,
    secret: true,
  })
  @MinLength(8)
  vonageApiSecret: string;

  @Env('HERALD_SANDBOX_VONAGE_SIGNATURE_SECRET', {
    description: 'What its delivery receipts and inbound messages are signed with, as SHA-256 HMAC.',
    default: DEFAULT_VONAGE.signatureSecret,
    secret: true,
  })
  @MinLength(8)
  vonageSignatureSecret: string;

  @Env('HERALD_SANDBOX_WEBPUSH_SEED', {
    description:
      'What the keys of the web push service are derived from; without it subscriptions end with the process.',
    example: '<random>',
    kind: 'string',
    secret: true,
  })
  @IsOptional()
  @MinLength(16)
  webpushSeed?: string;

  @Env('HERALD_SANDBOX_WEBPUSH_VAPID_PUBLIC_KEY', {
    description: 'What the example page at /app/push/ subscribes with.',
    example: '<base64url>',
    kind: 'string',
  })
  @IsOptional()
  @Matches(/^[A-Za-z0-9_-]{87}$/, { message: 'the base64url of a P-256 public key' })
  webpushVapidPublicKey?: string;

  @Env('HERALD_SANDBOX_WEBHOOK_SECRETS', {
    description: 'Secrets that webhooks may be signed with.',
    default: [],
    example: 'whsec_<base64>,whsec_<base64>',
    secret: true,
  })
  @Matches(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/, {
    each: true,
    message: 'a comma separated list of whsec_ and base64 of 24 bytes or more',
  })
  webhookSecrets: string[];

  @Env('HERALD_SANDBOX_MAX_MESSAGES', {
    description: 'How many messages are kept; the oldest make room.',
    default: 20_000,
  })
  @IsInt()
  @Min(1)
  @Max(1_000_000)
  maxMessages: number;

  @Env('HERALD_SANDBOX_LEDGER_FILE', {
    description:
      'A file that gets a line of JSON for each message that arrives: when, by which channel, to whom.',
    example: '/tmp/ledger.ndjson',
    kind: 'string',
  })
  @IsOptional()
  @IsString()
  ledgerFile?: string;

  check(): ConfigCheck {
    if (LOOPBACK.test(this.host)) return {};
    const warning =
      'HERALD_SANDBOX_HOST: others can reach the sandbox, which has no login and shows every message';
    return { warnings: [warning] };
  }
}
