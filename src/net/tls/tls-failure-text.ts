// Why a handshake with an endpoint failed, in words for the operator. Contains no key, and no bytes of a certificate.

const untrusted = 'its certificate is not signed by a trusted authority ({code}); see `tls.ca`';
const noTls = 'it does not answer in TLS ({code})';
const notAccepted = 'it does not accept the gateway’s certificate ({code}); see `tls.cert`';
const otherVersion = 'it speaks neither TLS 1.2 nor 1.3 ({code})';

/** What was wrong and where to look, by the code of Node or OpenSSL. `{code}` and `{message}` stand for those of the error. */
const texts: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name; see `tls.serverName` ({message})',
  ECONNRESET:
    'it closed the connection in the middle of the handshake; does it speak TLS, and does it want a certificate?',
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: 'it wants a certificate of the gateway; see `tls.cert` and `tls.key`',
  ERR_SSL_TLSV1_ALERT_UNKNOWN_CA: notAccepted,
  ERR_SSL_TLSV1_ALERT_ACCESS_DENIED: notAccepted,
  'ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE': notAccepted,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED': notAccepted,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_REVOKED': notAccepted,
  'ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_UNKNOWN': notAccepted,
  'ERR_SSL_SSL/TLS_ALERT_UNSUPPORTED_CERTIFICATE': notAccepted,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE':
    'it refuses the handshake ({code}): no cipher in common, or it wants a certificate; see `tls.cert`',
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: otherVersion,
  ERR_SSL_UNSUPPORTED_PROTOCOL: otherVersion,
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'it does not know the name that it is asked for; see `tls.serverName`',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'it does not speak what it is asked for (ALPN); see `protocol`',
};

/** An OpenSSL error on a write has its reason in the message: `write EPROTO …:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:…`. */
const writeError = /:SSL routines:[^:]*:([^:]+):/;

export function tlsFailureText(error: NodeJS.ErrnoException): string {
  const written = error.code === 'EPROTO' ? writeError.exec(error.message)?.[1] : undefined;
  const code = written === undefined ? error.code : `ERR_SSL_${written.toUpperCase().replaceAll(' ', '_')}`;
  const text = code !== undefined && Object.hasOwn(texts, code) ? texts[code] : undefined;
  if (text === undefined) return code ?? error.message;
  return text.replace('{code}', () => String(code)).replace('{message}', () => error.message);
}
