import { verify, type X509Certificate } from 'node:crypto';
import { type ReceiptDeps, type ReceiptReader, type ReceiptRequest } from '@herald/delivery';
import { ProblemError } from '@herald/platform';
import { parseNotification } from './ses-notification';
import { type FindCertificate, snsCertificates } from './sns-certificates';
import { snsGet } from './sns-get';
import { parseSnsMessage, type SnsMessage, snsOrigin, urlAt } from './sns-message';

/** What of the configuration receipts need. */
interface Topic {
  topicArn?: string;
  snsBaseUrl?: string;
}

/**
 * By when a message has to come. SNS tries an HTTP endpoint for an hour at most, with the same timestamp; a day leaves
 * room for clocks and for messages that somebody posts again. One that comes twice does no harm.
 */
const PAST_MS = 24 * 60 * 60_000;
const AHEAD_MS = 5 * 60_000;

/** `SignatureVersion`: 1 is what a topic has unless it is set to 2. */
const DIGESTS: Readonly<Record<string, string>> = { '1': 'sha1', '2': 'sha256' };

/**
 * Reads the notifications of SES as SNS posts them. Certificates that were fetched are kept by the reader.
 *
 * `verify` and `confirm` resolve for whatever came; they reject, with a problem of the type `unavailable`, only while SNS
 * itself cannot be reached: an answer of 4xx would make it give the message up, one of 503 makes it try again.
 */
export function sesReceipts(): ReceiptReader<Topic> {
  const findCertificate = snsCertificates();
  return {
    verify: (request, config, deps) => verifySns(request, config, deps, findCertificate),
    confirm: confirmSubscription,
    parse: parseNotification,
  };
}

async function verifySns(
  request: ReceiptRequest,
  { topicArn, snsBaseUrl }: Topic,
  { dispatcher, now }: ReceiptDeps,
  findCertificate: FindCertificate,
): Promise<boolean> {
  const message = parseSnsMessage(request);
  // All that costs nothing comes first, so that nobody who does not know the topic makes us fetch anything.
  if (!message || message.topicArn !== topicArn || !isRecent(message.timestamp, now())) return false;
  const signature = Buffer.from(message.signature, 'base64');
  // The decoder passes over what is not base64: many texts would be the same signature.
  if (signature.length === 0 || signature.toString('base64') !== message.signature) return false;
  const url = certificateUrl(message, snsOrigin(topicArn, snsBaseUrl));
  if (!url || !Object.hasOwn(DIGESTS, message.signatureVersion)) return false;
  const found = await findCertificate(url, dispatcher);
  if (found.kind === 'unreachable') throw unreachable('The certificate of SNS cannot be read.');
  return found.kind === 'certificate' && isSigned(message, signature, found.certificate, now());
}

function isRecent(timestamp: string, now: number): boolean {
  const age = now - Date.parse(timestamp);
  return age <= PAST_MS && age >= -AHEAD_MS;
}

/** Of a file: the same host is that of the API, whose answers can hold what a caller likes. */
function certificateUrl({ signingCertUrl }: SnsMessage, origin: string | undefined): URL | undefined {
  const url = origin === undefined ? undefined : urlAt(origin, signingCertUrl);
  return url && url.search === '' && /^\/[\w./-]*\.pem$/.test(url.pathname) ? url : undefined;
}

function isSigned(
  message: SnsMessage,
  signature: Buffer,
  certificate: X509Certificate,
  now: number,
): boolean {
  const { publicKey, validFrom, validTo } = certificate;
  if (!(now >= Date.parse(validFrom) && now <= Date.parse(validTo))) return false;
  if (publicKey.asymmetricKeyType !== 'rsa') return false;
  return verify(DIGESTS[message.signatureVersion], Buffer.from(message.signed), publicKey, signature);
}

/**
 * Confirms a subscription by the URL that its message holds. The end of one needs no answer: confirming that message would
 * undo it.
 */
async function confirmSubscription(
  request: ReceiptRequest,
  { topicArn = '', snsBaseUrl }: Topic,
  { dispatcher }: ReceiptDeps,
): Promise<boolean> {
  const message = parseSnsMessage(request);
  if (message?.type === 'UnsubscribeConfirmation') return true;
  if (message?.type !== 'SubscriptionConfirmation') return false;
  const origin = snsOrigin(topicArn, snsBaseUrl);
  const url = origin === undefined ? undefined : urlAt(origin, message.subscribeUrl);
  if (!url) return false;
  const got = await snsGet(url, dispatcher);
  if (got.kind === 'unreachable') throw unreachable('The subscription cannot be confirmed now.');
  return got.kind === 'body';
}

function unreachable(detail: string): ProblemError {
  return new ProblemError('unavailable', detail);
}
