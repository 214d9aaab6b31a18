// HPACK's static table: fields that every peer knows from the start (RFC 7541 Appendix A).

import { type Field, fieldOf } from './field.ts';

const rows = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`.split('\n');

export const STATIC_COUNT = 61;

/** Fields by their index, which begins at 1. The unused entry 0 repeats the first field. */
export const staticFields: readonly Field[] = ['', ...rows].map(row => {
  const space = row.indexOf(' ');
  return space === -1
    ? fieldOf(row === '' ? ':authority' : row, '')
    : fieldOf(row.slice(0, space), row.slice(space + 1));
});

const byName = new Map<string, number>();
for (let at = STATIC_COUNT; at > 0; at--) byName.set(staticFields[at]!.name, at);

/** Index of the first static field with this lower-case name; 0 when there is none. */
export function staticNameIndex(name: string): number {
  return byName.get(name) ?? 0;
}

/** Index of the static field with exactly this name and value; 0 when there is none. */
export function staticIndex(name: string, value: string): number {
  let at = staticNameIndex(name);
  if (at === 0) return 0;
  for (; at <= STATIC_COUNT && staticFields[at]!.name === name; at++) if (staticFields[at]!.value === value) return at;
  return 0;
}
