/** OpenSSL's verdicts on certificates, and Node's and OpenSSL's own errors of a handshake. */
const CERTIFICATE =
  /^(CERT_|ERR_TLS_CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_(GET|VERIFY)_|INVALID_CA$|HOSTNAME_MISMATCH$)/;
const HANDSHAKE = /^(ERR_TLS_|ERR_SSL_|EPROTO$|ETLS$)/;

/** What an error's code says of TLS: the certificate was refused, the handshake failed otherwise, or nothing. */
export function tlsErrorKind(code: string): 'certificate' | 'handshake' | undefined {
  if (CERTIFICATE.test(code)) return 'certificate';
  return HANDSHAKE.test(code) ? 'handshake' : undefined;
}
