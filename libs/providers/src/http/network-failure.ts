import { type SendOutcome } from '@herald/domain';
import { tlsErrorKind } from '../tls-error';
import { type Exchange } from './exchange';

/** The code of the error that a guarded dispatcher raises for an internal address. */
export const FORBIDDEN_ADDRESS = 'HERALD_FORBIDDEN_ADDRESS';

const TIMEOUTS = new Set(['ABORTED', 'UND_ERR_HEADERS_TIMEOUT']);

/** The parser's verdicts on an answer that it cannot read. */
const GARBLED = /^(HPE_|HTTPParserError$|UND_ERR_HEADERS_OVERFLOW$|ERR_HTTP2_ERROR$)/;

/**
 * How an HTTP request without an answer counts: what was never written to the other side can be sent again; what was
 * may have been acted on, and nobody can know.
 */
export function networkFailure(failure: Extract<Exchange, { kind: 'failed' }>): SendOutcome {
  const { code } = failure;
  if (code === FORBIDDEN_ADDRESS) {
    return { outcome: 'permanent-address', reason: 'forbidden_target', code: 'forbidden_address' };
  }
  if (failure.sent) {
    const garbled = GARBLED.test(code);
    return {
      outcome: 'ambiguous',
      reason: garbled ? 'provider_unavailable' : 'timed_out',
      code: `http_${code}`,
      detail: garbled ? 'The answer is not HTTP.' : 'The request was sent; no answer came.',
    };
  }
  return {
    outcome: 'retry',
    reason: TIMEOUTS.has(code) ? 'timed_out' : 'provider_unavailable',
    code: tlsErrorKind(code) ? `tls_${code}` : `connect_${code}`,
  };
}
