// URLs of redirects: fills templates such as `https://{host}{path}` with parts of the request and parameters of the path. The result
// is the value of the Location header, so no inserted text may end it, change its host or begin another part of the URL.

import { decodeEscapes } from '../http/decode-escapes.ts';
import { inUrl } from '../http/in-url.ts';
import type { FoundRoute } from './found-route.ts';
import type { PathPattern } from './path-pattern.ts';
import { templatePieces } from './path-template.ts';
import type { Routable } from './routable.ts';

/** Why a template is invalid, as a sentence for the operator. */
export class TemplateError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/**
 * `{host}` is the request's host without port, `{path}` its normalised path, `{query}` its query as received with the question mark
 * in front, or nothing when it is empty. Any other name is a parameter of the route's path, percent-encoded as one segment;
 * `{name*}` keeps its slashes.
 */
export class Template {
  private readonly pieces: readonly string[];

  constructor(pieces: readonly string[]) {
    this.pieces = pieces;
  }

  apply(
    request: Pick<Routable, 'host' | 'path' | 'query'>,
    found: Pick<FoundRoute<unknown>, 'paramNames' | 'rawValues'>,
  ): string {
    const { pieces } = this;
    let text = pieces[0]!;
    for (let i = 1; i < pieces.length; i += 2) text += pieceText(pieces[i]!, request, found) + pieces[i + 1]!;
    // With `{path}` for `//elsewhere.example/`, with `/{path}` or `/{rest*}`, a result beginning with `//` would name another host
    // (RFC 3986 section 4.2). A URL with a scheme does not begin with a slash.
    return text.startsWith('//') ? text.replace(/^\/+/, '/') : text;
  }
}

function pieceText(
  piece: string,
  { host, path, query }: Pick<Routable, 'host' | 'path' | 'query'>,
  { paramNames, rawValues }: Pick<FoundRoute<unknown>, 'paramNames' | 'rawValues'>,
): string {
  if (piece === 'host') return host;
  if (piece === 'path') return inUrl(path);
  if (piece === 'query') return query === '' ? '' : `?${inUrl(query)}`;
  const rest = piece.endsWith('*');
  const value = rawValues[paramNames.indexOf(rest ? piece.slice(0, -1) : piece)] ?? '';
  if (rest) return value.split('/').map(encodedSegment).join('/');
  return encodedSegment(value);
}

function encodedSegment(raw: string): string {
  const text = decodeEscapes(raw);
  if (text === '.' || text === '..') return text.replaceAll('.', '%252E');
  // Text that is not UTF-8 is not decoded. Its escapes stay, but an incomplete escape, which the text after it could complete, is encoded.
  if (text === raw && raw.includes('%')) {
    return inUrl(raw)
      .replaceAll('/', '%2F')
      .replace(/%(?![0-9A-Fa-f]{2})/g, '%25');
  }
  return encodeURIComponent(text);
}

/** Compiles a redirect's URL. `pattern` is the route's path pattern, whose parameters the URL may use. */
export function compileTemplate(url: string, pattern: PathPattern): Template | TemplateError {
  const pieces = templatePieces(url);
  if (typeof pieces === 'string') return new TemplateError(pieces);
  if (!/^(?:https?:\/\/(?:[^/?#\s{]|\{host\})|\/(?!\/)|\{path\})/.test(url)) {
    return new TemplateError(`the url \`${url}\` must start with \`https://\`, \`http://\`, \`/\` or \`{path}\``);
  }
  if (/[^\x21-\x7e]/.test(url))
    return new TemplateError(`the url \`${url}\` holds a space, a control or a letter outside ASCII`);
  // Browsers read a backslash as a slash: `/\elsewhere.example` would name another host, and `{host}\x` another path than it shows.
  if (url.includes('\\')) {
    return new TemplateError(
      `the url \`${url}\` holds a backslash, which browsers read as \`/\`: write \`/\` or \`%5C\``,
    );
  }
  const authorityEnd = url.startsWith('http') ? url.search(/(?<=:\/\/[^/?#]*)(?:[/?#]|\{path\}|\{query\}|$)/) : 0;
  const inAuthority = templatePieces(url.slice(0, authorityEnd));
  if (typeof inAuthority !== 'string' && inAuthority.some((piece, i) => i % 2 === 1 && piece !== 'host')) {
    return new TemplateError(
      `in the url \`${url}\`, only {host} may stand in the host: a client could choose where it leads`,
    );
  }
  for (let i = 1; i < pieces.length; i += 2) {
    const name = pieces[i]!;
    if (name === 'host' || name === 'path' || name === 'query') continue;
    if (!pattern.paramNames.includes(name.replace(/\*$/, ''))) {
      const known = ['host', 'path', 'query', ...pattern.paramNames].map(each => `{${each}}`).join(', ');
      return new TemplateError(`the url \`${url}\` names {${name}}; there are ${known}`);
    }
  }
  return new Template(pieces);
}
