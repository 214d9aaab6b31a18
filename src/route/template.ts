// Urls of redirects: `https://{host}{path}` with the request's parts and the path's parameters filled in. The result is a
// value of the Location header, so nothing that is filled in may end it, change its host or start a new part of it.

import { decodeSegment, type FoundRoute } from './found-route.ts';
import type { PathPattern } from './path-pattern.ts';
import { templatePieces } from './path-template.ts';
import type { Routable } from './routable.ts';

/** A template that cannot be, with a sentence for the operator. */
export class TemplateError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/**
 * `{host}`: the request's host without port. `{path}`: its normalised path. `{query}`: its query as received, with the
 * question mark in front when there is one. Any other name: a parameter of the route's path, percent-encoded as one
 * segment; `{name*}` keeps its slashes.
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
    // `{path}` of `//elsewhere.example/`, `/{path}` and `/{rest*}` would name another host (RFC 3986 section 4.2). A url
    // with a scheme does not begin with a slash.
    return text.startsWith('//') ? text.replace(/^\/+/, '/') : text;
  }
}

function pieceText(
  piece: string,
  { host, path, query }: Pick<Routable, 'host' | 'path' | 'query'>,
  { paramNames, rawValues }: Pick<FoundRoute<unknown>, 'paramNames' | 'rawValues'>,
): string {
  if (piece === 'host') return host;
  if (piece === 'path') return encodedAgain(path);
  if (piece === 'query') return query === '' ? '' : `?${encodedAgain(query)}`;
  const rest = piece.endsWith('*');
  const value = rawValues[paramNames.indexOf(rest ? piece.slice(0, -1) : piece)] ?? '';
  if (rest) return value.split('/').map(encodedSegment).join('/');
  return encodedSegment(value);
}

function encodedSegment(raw: string): string {
  const text = decodeSegment(raw);
  if (text === '.' || text === '..') return text.replaceAll('.', '%252E');
  // What is not UTF-8 is not decoded: its escapes stand, but for halves of one, which what follows would make whole.
  if (text === raw && raw.includes('%')) {
    return encodedAgain(raw)
      .replaceAll('/', '%2F')
      .replace(/%(?![0-9A-Fa-f]{2})/g, '%25');
  }
  return encodeURIComponent(text);
}

/** Bytes that are not allowed in a header value or would end the part they are in. */
function encodedAgain(text: string): string {
  return text.replace(/[^\x21-\x7e]|["#<>\\^`{|}]/g, letter => {
    const byte = letter.charCodeAt(0) & 255;
    return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
}

/** Compiles a redirect's url against the pattern whose parameters it may use. */
export function compileTemplate(url: string, pattern: PathPattern): Template | TemplateError {
  const pieces = templatePieces(url);
  if (typeof pieces === 'string') return new TemplateError(pieces);
  if (!/^(?:https?:\/\/(?:[^/?#\s{]|\{host\})|\/(?!\/)|\{path\})/.test(url)) {
    return new TemplateError(`the url \`${url}\` must start with \`https://\`, \`http://\`, \`/\` or \`{path}\``);
  }
  if (/[^\x21-\x7e]/.test(url))
    return new TemplateError(`the url \`${url}\` holds a space, a control or a letter outside ASCII`);
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
