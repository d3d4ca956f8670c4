import { X509Certificate } from 'node:crypto';
import { type ReceiptDeps } from '@herald/delivery';
import { snsGet } from './sns-get';

export type FoundCertificate =
  | { kind: 'certificate'; certificate: X509Certificate }
  /** There is none at the URL. */
  | { kind: 'none' }
  /** The host does not answer as it should: there may be one. */
  | { kind: 'unreachable' };

/** Finds a certificate by its URL. */
export type FindCertificate = (url: URL, dispatcher: ReceiptDeps['dispatcher']) => Promise<FoundCertificate>;

/** One per region is in use at a time; SNS puts a new one at a new URL. */
const MAX_KEPT = 64;

/**
 * Gives a function that fetches each certificate once and keeps the newest. Several that ask for one at a time share the
 * one request; what failed is asked for again.
 */
export function snsCertificates(): FindCertificate {
  const kept = new Map<string, Promise<FoundCertificate>>();
  return async (url, dispatcher) => {
    const known = kept.get(url.href);
    if (known) return known;
    const [oldest] = kept.keys();
    if (oldest !== undefined && kept.size >= MAX_KEPT) kept.delete(oldest);
    const finding = fetchCertificate(url, dispatcher);
    kept.set(url.href, finding);
    const found = await finding;
    if (found.kind !== 'certificate' && kept.get(url.href) === finding) kept.delete(url.href);
    return found;
  };
}

async function fetchCertificate(url: URL, dispatcher: ReceiptDeps['dispatcher']): Promise<FoundCertificate> {
  const got = await snsGet(url, dispatcher);
  if (got.kind === 'unreachable') return got;
  if (got.kind === 'refused') return { kind: 'none' };
  try {
    return { kind: 'certificate', certificate: new X509Certificate(got.text) };
  } catch {
    return { kind: 'none' };
  }
}
