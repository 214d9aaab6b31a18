// Request signatures as in AWS Signature Version 4: the canonical request, the string to sign, the HMAC. Verifies no time, body or replay:
// the filter does that.

import { createHash, createHmac } from 'node:crypto';
import type { Headers } from '../../http/headers.ts';
import { trimOptionalWhitespace } from '../../http/optional-whitespace.ts';
import type { RequestHead } from '../../http/request-head.ts';

export const AWS_SCHEME = 'AWS4-HMAC-SHA256';

/** SHA-256 of an empty body. */
export const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

/** The content of `Authorization`, well-formed but not verified. */
export interface AwsAuthorization {
  readonly keyId: string;
  /** The day of the signing key: `20150830`. */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  /** In lower case, sorted, without duplicates. */
  readonly signedHeaders: readonly string[];
  /** 64 lower-case hexadecimal digits. */
  readonly signature: string;
}

/** `double`, for every AWS service but S3, percent-encodes the path once more than it arrives; `single` takes it as it arrives. */
export type PathEncoding = 'double' | 'single';

const form =
  /^Credential=([A-Za-z0-9_.:@-]{1,128})\/([0-9]{8})\/([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_.-]{1,64})\/aws4_request, ?SignedHeaders=([a-z0-9!#$%&'*+.^_`|~;-]{1,4096}), ?Signature=([0-9a-f]{64})$/;

/** Parses what follows the scheme; null for anything but exactly the documented form. */
export function parseAwsAuthorization(text: string): AwsAuthorization | null {
  const match = form.exec(text);
  if (match === null) return null;
  const [, keyId = '', date = '', region = '', service = '', names = '', signature = ''] = match;
  const signedHeaders = names.split(';');
  for (let i = 0; i < signedHeaders.length; i++) {
    if (signedHeaders[i] === '' || (i > 0 && signedHeaders[i - 1]! >= signedHeaders[i]!)) return null;
  }
  return { keyId, date, region, service, signedHeaders, signature };
}

/** What is signed of a request, as it was received. */
export type SignedParts = Pick<RequestHead, 'method' | 'rawPath' | 'rawQuery' | 'headers' | 'authority'>;

/** The canonical request; null when a signed header is missing. `payloadHash` is the one that was signed. */
export function canonicalRequest(
  request: SignedParts,
  signedHeaders: readonly string[],
  payloadHash: string,
  encoding: PathEncoding,
): string | null {
  let fields = '';
  for (const name of signedHeaders) {
    const value = name === 'host' ? request.authority : headerValue(request.headers, name);
    if (value === null) return null;
    fields += `${name}:${value}\n`;
  }
  const path = canonicalPath(request.rawPath, encoding);
  return `${request.method}\n${path}\n${canonicalQuery(request.rawQuery)}\n${fields}\n${signedHeaders.join(';')}\n${payloadHash}`;
}

/** The text that is signed. `time` is as in `X-Amz-Date`: `20150830T123600Z`. */
export function stringToSign(
  time: string,
  { date, region, service }: Pick<AwsAuthorization, 'date' | 'region' | 'service'>,
  canonical: string,
): string {
  const hash = createHash('sha256').update(canonical, 'latin1').digest('hex');
  return `${AWS_SCHEME}\n${time}\n${date}/${region}/${service}/aws4_request\n${hash}`;
}

/** The key for one day, region and service, derived from the secret. */
export function signingKey(secret: string, date: string, region: string, service: string): Buffer {
  const ofDate = hmac(`AWS4${secret}`, date);
  return hmac(hmac(hmac(ofDate, region), service), 'aws4_request');
}

export function awsSignature(key: Buffer, text: string): Buffer {
  return hmac(key, text);
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'latin1').digest();
}

function headerValue(headers: Headers, name: string): string | null {
  const values = headers.getAll(name);
  if (values.length === 0) return null;
  return values.map(value => trimOptionalWhitespace(value).replace(/ {2,}/g, ' ')).join(',');
}

/** The path in the form that is signed. With `double`, without empty and dot segments, and encoded; with `single`, as it arrived. */
export function canonicalPath(rawPath: string, encoding: PathEncoding): string {
  if (encoding === 'single') return rawPath;
  const kept: string[] = [];
  const segments = rawPath.split('/');
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encodeBytes(segment));
  }
  const last = segments[segments.length - 1];
  const asFolder = kept.length > 0 && (last === '' || last === '.' || last === '..');
  return `/${kept.join('/')}${asFolder ? '/' : ''}`;
}

/** Parameters sorted by name and value, each encoded in the one way that AWS allows. A `+` stands for itself, not for a space. */
export function canonicalQuery(query: string): string {
  if (query === '') return '';
  const pairs: [string, string][] = [];
  for (const part of query.split('&')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    const name = equals === -1 ? part : part.slice(0, equals);
    const value = equals === -1 ? '' : part.slice(equals + 1);
    pairs.push([encodeBytes(decodeBytes(name)), encodeBytes(decodeBytes(value))]);
  }
  pairs.sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)));
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Percent-decodes into latin1 text, one character per byte; everything that is not an escape stays. */
function decodeBytes(text: string): string {
  return text.replace(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}

/** Percent-encodes every byte of a latin1 text that RFC 3986 does not list as unreserved. */
function encodeBytes(text: string): string {
  return text.replace(
    /[^A-Za-z0-9._~-]/g,
    sign => `%${sign.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
