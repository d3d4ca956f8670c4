import { type ReceiptRequest } from '@herald/delivery';

/** The ARN of a topic: its partition, its region, the account and the name. */
export const TOPIC_ARN = /^arn:(aws|aws-cn|aws-us-gov):sns:([a-z0-9-]{5,32}):\d{12}:[A-Za-z0-9_-]{1,256}$/;

type Fields = Record<string, unknown>;

/** What SNS posts. Every field is as it came; empty where it is missing or no text. */
export interface SnsMessage {
  type: SnsType;
  messageId: string;
  topicArn: string;
  message: string;
  timestamp: string;
  signatureVersion: string;
  signature: string;
  signingCertUrl: string;
  subscribeUrl: string;
  /** What the signature covers. */
  signed: string;
}

/** Which fields are signed, in the order in which they are (by name, byte by byte); `Subject` only where there is one. */
const SIGNED = {
  Notification: ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type'],
  SubscriptionConfirmation: [
    'Message',
    'MessageId',
    'SubscribeURL',
    'Timestamp',
    'Token',
    'TopicArn',
    'Type',
  ],
  UnsubscribeConfirmation: ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type'],
} as const;
type SnsType = keyof typeof SIGNED;

/** Reads what SNS posts, as JSON that it calls plain text; undefined for anything else. Checks nothing of what it says. */
export function parseSnsMessage({ rawBody }: Pick<ReceiptRequest, 'rawBody'>): SnsMessage | undefined {
  const fields = parseObject(rawBody.toString('utf8'));
  if (!fields) return undefined;
  const type = textOf(fields, 'Type');
  if (!isSnsType(type)) return undefined;
  return {
    type,
    messageId: textOf(fields, 'MessageId'),
    topicArn: textOf(fields, 'TopicArn'),
    message: textOf(fields, 'Message'),
    timestamp: textOf(fields, 'Timestamp'),
    signatureVersion: textOf(fields, 'SignatureVersion'),
    signature: textOf(fields, 'Signature'),
    signingCertUrl: textOf(fields, 'SigningCertURL'),
    subscribeUrl: textOf(fields, 'SubscribeURL'),
    signed: SIGNED[type].map((name) => signedPart(fields, name)).join(''),
  };
}

function isSnsType(type: string): type is SnsType {
  return Object.hasOwn(SIGNED, type);
}

function signedPart(fields: Fields, name: string): string {
  const value = textOf(fields, name);
  return name === 'Subject' && value === '' ? '' : `${name}\n${value}\n`;
}

/** The object that a JSON text is; undefined for another text. */
export function parseObject(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A field's text; empty for one that is missing, inherited or no text. */
export function textOf(fields: Fields, name: string): string {
  const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
  return typeof value === 'string' ? value : '';
}

/**
 * Where SNS itself stands for a topic: `https://sns.<region>.amazonaws.com`, in China `….cn`; or what the configuration
 * names instead of it. Undefined for what is no topic.
 */
export function snsOrigin(topicArn: string, baseUrl: string | undefined): string | undefined {
  const [, partition, region] = TOPIC_ARN.exec(topicArn) ?? [];
  if (!region) return undefined;
  if (baseUrl !== undefined) return originOf(baseUrl);
  return `https://sns.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}

/** A URL of exactly this origin, without credentials in it; undefined for another. */
export function urlAt(origin: string, text: string): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return url.origin === origin && !url.username && !url.password ? url : undefined;
}
