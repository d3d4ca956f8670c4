import { networkFailure } from './network-failure';

it.each([
  [false, 'ECONNREFUSED', 'retry', 'provider_unavailable', 'connect_ECONNREFUSED'],
  [false, 'ENOTFOUND', 'retry', 'provider_unavailable', 'connect_ENOTFOUND'],
  [false, 'UND_ERR_CONNECT_TIMEOUT', 'retry', 'provider_unavailable', 'connect_UND_ERR_CONNECT_TIMEOUT'],
  [false, 'CERT_HAS_EXPIRED', 'retry', 'provider_unavailable', 'tls_CERT_HAS_EXPIRED'],
  [
    false,
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'retry',
    'provider_unavailable',
    'tls_ERR_TLS_CERT_ALTNAME_INVALID',
  ],
  [
    false,
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'retry',
    'provider_unavailable',
    'tls_UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  ],
  [false, 'ABORTED', 'retry', 'timed_out', 'connect_ABORTED'],
  [false, 'HERALD_FORBIDDEN_ADDRESS', 'permanent-address', 'forbidden_target', 'forbidden_address'],
  [true, 'ECONNRESET', 'ambiguous', 'timed_out', 'http_ECONNRESET'],
  [true, 'UND_ERR_SOCKET', 'ambiguous', 'timed_out', 'http_UND_ERR_SOCKET'],
  [true, 'UND_ERR_HEADERS_TIMEOUT', 'ambiguous', 'timed_out', 'http_UND_ERR_HEADERS_TIMEOUT'],
  [true, 'ABORTED', 'ambiguous', 'timed_out', 'http_ABORTED'],
  [true, 'HTTPParserError', 'ambiguous', 'provider_unavailable', 'http_HTTPParserError'],
  [true, 'ERR_HTTP2_ERROR', 'ambiguous', 'provider_unavailable', 'http_ERR_HTTP2_ERROR'],
  [true, 'HPE_INVALID_CONSTANT', 'ambiguous', 'provider_unavailable', 'http_HPE_INVALID_CONSTANT'],
])('sent: %s, %s -> %s, %s, %s', (sent, error, outcome, reason, code) => {
  const result = networkFailure({ kind: 'failed', sent, code: error });
  expect(result).toMatchObject({ outcome, reason, code });
  expect(result).not.toHaveProperty('suppress');
});
