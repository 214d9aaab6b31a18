// One element of an upstream's `endpoints`: a URL, or a map with its weight and zone, or as a backup.

import { z } from 'zod';
import { expected, found } from '../../base/schema/found.ts';
import { SOCKET_PATH_BYTES_MAX } from '../../base/socket-path.ts';
import type { EndpointConfig } from '../config.ts';

const what = 'a URL such as http://10.0.0.1:8080';

interface Place {
  readonly url: string;
  readonly tls: boolean;
  readonly host: string;
  readonly port: number;
}

/** Parses the URL of an endpoint. Returns a message for the operator when the URL is wrong. */
export function parseEndpointUrl(text: string): Place | string {
  if (/^(?:[a-z]+:\/\/)?unix(?::|\/\/)/i.test(text)) return parseSocketUrl(text);
  const url = /^https?:\/\//i.test(text) && !/[\s\\]/.test(text) ? URL.parse(text) : null;
  if (url === null || url.hostname === '') return `expected ${what}, found ${found(text)}${schemeText(text)}`;
  if (url.username !== '' || url.password !== '') return 'an endpoint takes no user and password';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || /[?#]/.test(text)) {
    return `an endpoint has no path or query: expected ${url.protocol}//${url.host}, found ${found(text)}; use the route’s \`rewrite\` for paths`;
  }
  const tls = url.protocol === 'https:';
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  if (port === 0) return `expected a port from 1 to 65535, found 0`;
  return { url: `${url.protocol}//${url.hostname}:${port}`, tls, host: url.hostname.replace(/^\[|\]$/g, ''), port };
}

/** The same for `unix:/run/app.sock`. The socket need not exist yet: its service may be started later. */
function parseSocketUrl(text: string): Place | string {
  const path = /^unix:(\/[^/].*)$/.exec(text)?.[1];
  if (path === undefined || /[\0-\x1f\x7f]/.test(path)) {
    const meant = /^(?:https?:\/\/)?unix:(?:\/\/)?(\/[^/:\0-\x1f\x7f][^:\0-\x1f\x7f]*)/i.exec(text)?.[1];
    const right = `unix:${meant ?? '/run/app.sock'}`;
    return `a Unix socket is written with its whole path: expected ${right}, found ${found(text)}`;
  }
  if (path.endsWith('/')) return `expected the path of a Unix socket, found that of a folder: ${found(text)}`;
  const bytes = Buffer.byteLength(path);
  if (bytes > SOCKET_PATH_BYTES_MAX)
    return `the path of a Unix socket has at most ${SOCKET_PATH_BYTES_MAX} bytes, this one has ${bytes}`;
  return { url: `unix:${path}`, tls: false, host: path, port: 0 };
}

/** A hint for an address without a scheme, or with the name of a protocol in its place. */
function schemeText(text: string): string {
  if (/^[\w.-]+(?::[0-9]{1,5})?$/.test(text) && /[.:]/.test(text)) return `; write http://${text}`;
  const [, scheme, rest] = /^(h2c|grpcs?):\/\/(.+)$/i.exec(text) ?? [];
  if (scheme === undefined) return '';
  return scheme.toLowerCase() === 'grpcs'
    ? `; write https://${rest}, with \`protocol: h2\``
    : `; write http://${rest}, with \`protocol: h2c\``;
}

const url = z.string(expected(what)).transform((text, context): Place => {
  const outcome = parseEndpointUrl(text);
  if (typeof outcome !== 'string') return outcome;
  context.addIssue({ code: 'custom', message: outcome });
  return z.NEVER;
});

const full = z.strictObject({
  url: url.describe(
    '`http://` or `https://` with a host, an IP address or a name, and a port (default: 80 or 443); or a Unix socket by its whole path, `unix:/run/app.sock`.',
  ),
  weight: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .describe('Share of the requests, relative to the others; 0 gets none.'),
  zone: z.string().default('').describe('Where the endpoint runs: `eu-1`.'),
  backup: z
    .boolean()
    .default(false)
    .describe('Used only while no other endpoint may be: all others are unhealthy, ejected, or were tried.'),
});

export const endpointSchema = z
  .union(
    [
      url.transform((place): EndpointConfig => endpoint(place, 1, '', false)),
      full.transform(({ url: place, weight, zone, backup }) => endpoint(place, weight, zone, backup)),
    ],
    expected(`${what}, or a map { url: ..., weight: 2 }`),
  )
  .describe('A server of the upstream: its URL, or a map.');

function endpoint({ url, tls, host, port }: Place, weight: number, zone: string, backup: boolean): EndpointConfig {
  return { url, tls, host, port, weight, zone, ...(backup && { backup }) };
}
