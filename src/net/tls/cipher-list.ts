// Which ciphers a listener offers: the gateway's own choice, or a configured list, which is checked.

import { getCiphers } from 'node:tls';

/** For clients of the last ten years: forward secrecy and authenticated encryption only. */
const DEFAULT_CIPHERS =
  'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:' +
  'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305';
/** The ciphers of TLS 1.3, in front unless the configuration names its own; the negotiated version decides which ones are used. */
const CIPHERS_13 = 'TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256';
const brokenCipher = /NULL|EXP|RC4|DES|MD5|ADH|AECDH|PSK|SRP|IDEA|SEED/i;

/** The ciphers in OpenSSL's notation: those of TLS 1.3, then those of TLS 1.2. `fail` is told what is wrong with a name, by its index. */
export function cipherList(names: readonly string[], fail: (index: number, message: string) => void): string {
  if (names.length === 0) return `${CIPHERS_13}:${DEFAULT_CIPHERS}`;
  const known = new Set(getCiphers().map(name => name.toUpperCase()));
  for (const [index, name] of names.entries()) {
    if (brokenCipher.test(name)) fail(index, `${name} is broken and cannot be used`);
    else if (!known.has(name.toUpperCase()))
      fail(index, `there is no cipher ${JSON.stringify(name)}; expected a name such as ECDHE-ECDSA-AES128-GCM-SHA256`);
  }
  // OpenSSL knows its names in capitals only, and Node lists them in small letters.
  const spelled = names.map(name => name.toUpperCase());
  const own = spelled.filter(name => !name.startsWith('TLS_'));
  const own13 = spelled.filter(name => name.startsWith('TLS_'));
  return [own13.length === 0 ? CIPHERS_13 : own13.join(':'), ...own].join(':');
}
