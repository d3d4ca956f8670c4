import { type ReceiptDeps } from '@herald/delivery';
import { request } from 'undici';
import { FORBIDDEN_ADDRESS } from '../http/network-failure';

/** SNS waits 15 seconds for an answer to what it posts. */
const TIMEOUT_MS = 5000;

/** A certificate has 2 kB, the answer to a confirmation less than one. */
const MAX_BYTES = 64 * 1024;

/** What came of a GET: `unreachable` if another try may work, `refused` if none will. */
export type Got = { kind: 'body'; text: string } | { kind: 'refused' } | { kind: 'unreachable' };

/** Gets a URL of SNS, without redirects; always resolves, within a few seconds and with a bounded body. */
export async function snsGet(url: URL, dispatcher: ReceiptDeps['dispatcher']): Promise<Got> {
  try {
    const { statusCode, body } = await request(url, { dispatcher, signal: AbortSignal.timeout(TIMEOUT_MS) });
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) return { kind: 'refused' };
      chunks.push(chunk);
    }
    if (statusCode === 429 || statusCode >= 500) return { kind: 'unreachable' };
    if (statusCode !== 200) return { kind: 'refused' };
    return { kind: 'body', text: Buffer.concat(chunks).toString('utf8') };
  } catch (error) {
    // An internal address that is not allowed is a matter of configuration.
    const forbidden = (error as { code?: unknown }).code === FORBIDDEN_ADDRESS;
    return { kind: forbidden ? 'refused' : 'unreachable' };
  }
}
