// The reasons that operators read, by the errors of Node and OpenSSL.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tlsFailureText } from './tls-failure-text.ts';

const error = (code: string | undefined, message = 'it failed') =>
  Object.assign(new Error(message), code === undefined ? {} : { code });

test('a known reason names what was wrong and where to look', () => {
  assert.equal(
    tlsFailureText(error('DEPTH_ZERO_SELF_SIGNED_CERT')),
    'its certificate is not signed by a trusted authority (DEPTH_ZERO_SELF_SIGNED_CERT); see `tls.ca`',
  );
  assert.equal(
    tlsFailureText(error('ERR_TLS_CERT_ALTNAME_INVALID', 'Host: a. is not in $& b')),
    'its certificate is for another name; see `tls.serverName` (Host: a. is not in $& b)',
  );
});

test('an error of a write has its reason in the message', () => {
  const message = 'write EPROTO 0A000418:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:ssl/record.c:1605:';
  assert.match(tlsFailureText(error('EPROTO', message)), /^it does not accept .*ERR_SSL_TLSV1_ALERT_UNKNOWN_CA/);
});

test('any other error is its code, or its message when it has none', () => {
  assert.equal(tlsFailureText(error('ERR_SSL_SOMETHING_NEW')), 'ERR_SSL_SOMETHING_NEW');
  assert.equal(tlsFailureText(error('constructor')), 'constructor');
  assert.equal(tlsFailureText(error(undefined)), 'it failed');
});
