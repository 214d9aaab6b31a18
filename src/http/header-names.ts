// Header names that the gateway itself reads, each with a small number for comparison. Not a list of all registered headers.

/** Ids of the well-known names. 0 stands for every other name; see `headerIdOf`. */
export const HeaderId = {
  other: 0,
  host: 1,
  contentLength: 2,
  transferEncoding: 3,
  connection: 4,
  keepAlive: 5,
  proxyConnection: 6,
  te: 7,
  trailer: 8,
  upgrade: 9,
  expect: 10,
  contentType: 11,
  contentEncoding: 12,
  accept: 13,
  acceptEncoding: 14,
  authorization: 15,
  cookie: 16,
  userAgent: 17,
  origin: 18,
  forwarded: 19,
  xForwardedFor: 20,
  xForwardedProto: 21,
  xForwardedHost: 22,
  via: 23,
  xRequestId: 24,
  traceparent: 25,
  tracestate: 26,
  setCookie: 27,
  etag: 28,
  vary: 29,
  cacheControl: 30,
  location: 31,
  date: 32,
  server: 33,
  http2Settings: 34,
  proxyAuthenticate: 35,
  proxyAuthorization: 36,
  xForwardedPort: 37,
  xRealIp: 38,
  acceptLanguage: 39,
  xForwardedClientCert: 40,
  clientCert: 41,
  clientCertChain: 42,
  xForwardedPrefix: 43,
  xForwardedServer: 44,
  xForwardedSsl: 45,
  xForwardedScheme: 46,
  frontEndHttps: 47,
  xForwardedProtocol: 48,
  xForwardedUri: 49,
  xForwardedMethod: 50,
  xForwardedTlsClientCert: 51,
  xForwardedTlsClientCertInfo: 52,
} as const;

/** Lower-case names by id. */
export const headerNames: readonly string[] = Object.entries(HeaderId).map(([key, id]) =>
  id === 0 ? '' : key.replace(/[A-Z]|(?<=http)2/g, letter => (letter === '2' ? '2' : `-${letter.toLowerCase()}`)),
);

const idByName = new Map<string, number>(headerNames.map((name, id) => [name, id]));

/** The id of a lower-case name; `HeaderId.other` when the gateway does not know it. */
export function headerIdOf(lowerName: string): number {
  return idByName.get(lowerName) ?? HeaderId.other;
}

// Known names hash by length, first and last letter into 256 buckets of one name each. Collisions are resolved by
// linear probing.
const bucketIds = new Uint8Array(256);
const nameLengths = Uint8Array.from(headerNames, name => name.length);
/** Length of the longest name. All names are stored one after the other, each at a multiple of this offset. */
const nameStride = Math.max(...nameLengths);
const nameBytes = new Uint8Array(headerNames.length * nameStride);
for (const [id, name] of headerNames.entries()) nameBytes.set(Buffer.from(name), id * nameStride);

function bucketOf(length: number, first: number, last: number): number {
  return (length * 7 + first * 31 + last * 3) & 255;
}

for (let id = 1; id < headerNames.length; id++) {
  const name = headerNames[id]!;
  let bucket = bucketOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
  while (bucketIds[bucket] !== 0) bucket = (bucket + 1) & 255;
  bucketIds[bucket] = id;
}

/** 1 for each letter and digit, by character code. */
const alphanumeric = new Uint8Array(256);
for (const letter of 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789')
  alphanumeric[letter.charCodeAt(0)] = 1;

/**
 * What `headerIdOfBytes` returns for a well-known name that is written with another sign in place of `-`. CGI and WSGI read `_` as `-`, so a
 * backend would read `content_length` as a length that the gateway did not check; lighttpd passes `X.Real.IP` to a CGI as `X-Real-IP`.
 */
export const DISGUISED = 255;

/** The id of the name in `bytes[start, end)`, in any case; `HeaderId.other` when unknown, or DISGUISED. Allocates nothing. */
export function headerIdOfBytes(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  let bucket = bucketOf(length, bytes[start]! | 0x20, bytes[end - 1]! | 0x20);
  for (;;) {
    const id = bucketIds[bucket]!;
    if (id === 0) return HeaderId.other;
    if (nameLengths[id] === length) {
      const known = id * nameStride;
      let i = 0;
      let disguised = false;
      for (; i < length; i++) {
        // `| 0x20` turns letters to lower case, and turns no other byte that is legal in a name into a letter, a digit or a hyphen.
        if ((bytes[start + i]! | 0x20) === nameBytes[known + i]) continue;
        if (nameBytes[known + i] !== 0x2d || alphanumeric[bytes[start + i]!] === 1) break;
        disguised = true;
      }
      if (i === length) return disguised ? DISGUISED : id;
    }
    bucket = (bucket + 1) & 255;
  }
}

const otherSign = /[^a-z0-9-]/;
const otherSigns = /[^a-z0-9-]/g;

/** Whether a name in lower case is a well-known one with another sign in place of `-`; see DISGUISED. */
export function isDisguised(lowerName: string): boolean {
  return otherSign.test(lowerName) && headerIdOf(lowerName.replace(otherSigns, '-')) !== HeaderId.other;
}
