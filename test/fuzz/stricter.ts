// Finds the class of differences.md that explains why we refuse what Node accepts. The check uses only the text of the refused message
// and knows nothing of our parser: a refusal whose reason cannot be seen in the text has no class, and fails the run.

import { isIPv6 } from 'node:net';

/** The refused message: its first line, its head including that line, and what follows the head. */
interface Refused {
  readonly line: string;
  readonly head: string;
  readonly body: string;
}

interface Rule {
  /** Problem codes that the class explains. */
  readonly codes: readonly string[];
  readonly className: string;
  readonly seen: (message: Refused) => boolean;
}

function valuesOf(head: string, name: string): string[] {
  return [...head.matchAll(new RegExp(`^${name}:[ \\t]*(.*?)[ \\t]*\\r?$`, 'gim'))].map(match => match[1]!);
}

const targetOf = (line: string): string => /^[!-~]* +(.*?)(?: +(?:HTTP|RTSP|ICE)\/.*)?$/.exec(line)?.[1] ?? '';
const authorityOf = (line: string): string | undefined => /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(targetOf(line))?.[1];

/** Whether this is a host in the plainest form: a name or an address, and a port up to 65535. */
function namesServer(host: string): boolean {
  const match = /^(?:\[(.+)\]|[a-z0-9][a-z0-9._~-]{0,253})(?::(\d{1,5}))?$/i.exec(host);
  return (
    match !== null &&
    Number(match[2] ?? 0) <= 65_535 &&
    (match[1] === undefined || (isIPv6(match[1]) && !match[1].includes('%')))
  );
}

/** Names that CGI and WSGI, or some servers before a CGI, do not distinguish from names that decide about framing, identity or trust. */
const foldingName =
  /^(?=[^:\r\n]*[!#$%&'*+.^_`|~])(content.(length|type|encoding)|transfer.encoding|keep.alive|proxy.(connection|authenticate|authorization)|x.forwarded.(for|host|proto|port)|x.real.ip|x.request.id|user.agent|set.cookie|cache.control|accept.(encoding|language)|http2.settings):/im;
const listOfTokens = /^[ \t,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+([ \t]*,[ \t,]*|[ \t]*$))*$/;
const chunkLine = /^[0-9a-f]{1,13}(;[!#$%&'*+.^_`|~0-9A-Za-z-]+(=([!#$%&'*+.^_`|~0-9A-Za-z-]+|"([^"\\]|\\.)*"))?)*$/i;

interface ChunkLine {
  readonly line: string;
  readonly size: number;
  /** Offset of what follows the line. */
  readonly behind: number;
}

/** The size lines of a chunked body, found by following the sizes, up to that of the last chunk. */
function chunkLinesOf(body: string): ChunkLine[] {
  const lines: ChunkLine[] = [];
  for (let at = 0; at < body.length; ) {
    const end = body.indexOf('\r\n', at);
    const line = body.slice(at, end === -1 ? undefined : end);
    const size = Number.parseInt(line, 16);
    const behind = end === -1 ? body.length : end + 2;
    lines.push({ line, size, behind });
    if (!(size > 0)) break;
    at = behind + size + 2;
  }
  return lines;
}

/** Whether a chunk's line differs from the plain grammar. */
function hasOddChunkLine(body: string): boolean {
  return chunkLinesOf(body).some(({ line }) => !chunkLine.test(line) || line.length > 500);
}

const rules: readonly Rule[] = [
  {
    codes: ['invalid_host'],
    className: 'missing-host',
    seen: ({ line, head }) => /HTTP\/1\.1$/.test(line) && valuesOf(head, 'host').every(value => value === ''),
  },
  { codes: ['invalid_host'], className: 'several-hosts', seen: ({ head }) => valuesOf(head, 'host').length > 1 },
  {
    codes: ['invalid_host', 'malformed_target'],
    className: 'host-grammar',
    seen: ({ line, head }) => {
      const authority = authorityOf(line);
      return [...valuesOf(head, 'host'), ...(authority === undefined ? [] : [authority])].some(
        host => !namesServer(host),
      );
    },
  },
  {
    codes: ['invalid_host'],
    className: 'host-mismatch',
    seen: ({ line, head }) => {
      const authority = authorityOf(line)?.toLowerCase();
      return authority !== undefined && valuesOf(head, 'host').some(host => host.toLowerCase() !== authority);
    },
  },
  { codes: ['malformed_target'], className: 'fragment', seen: ({ line }) => targetOf(line).includes('#') },
  { codes: ['malformed_target'], className: 'target-bytes', seen: ({ line }) => /[^!-~]/.test(targetOf(line)) },
  {
    codes: ['malformed_target'],
    className: 'asterisk-form',
    seen: ({ line }) => targetOf(line) === '*' && !line.startsWith('OPTIONS '),
  },
  {
    codes: ['malformed_target'],
    className: 'target-grammar',
    seen: ({ line }) => !/^(\/|https?:\/\/[^/?#]|\*$)/i.test(targetOf(line)),
  },
  { codes: ['method_not_implemented'], className: 'connect', seen: ({ line }) => line.startsWith('CONNECT ') },
  {
    codes: ['malformed_request_line', 'unsupported_version', 'upstream_malformed_response'],
    className: 'other-protocol',
    seen: ({ line }) => /(^| )(RTSP|ICE)\/\d/.test(line),
  },
  {
    codes: [
      'malformed_request_line',
      'unsupported_version',
      'bare_line_ending',
      'upstream_malformed_response',
      'malformed_target',
    ],
    className: 'http-version',
    // The target may be missing too: llhttp takes `CONNECT ` alone as HTTP/0.9 with an empty one.
    seen: ({ line }) => /HTTP\/(0\.9|2\.0)/.test(line) || /^[!-~]+ [!-~]* *$/.test(line),
  },
  {
    codes: ['malformed_request_line'],
    className: 'request-line-spaces',
    seen: ({ line }) => /^[!-~]+ {2,}| {2,}HTTP\/1/.test(line),
  },
  {
    codes: ['malformed_request_line', 'bare_line_ending'],
    className: 'leading-crlf',
    seen: ({ head }) => /^(\n|\r(?!\n)|\r\n[\r\n])/.test(head),
  },
  {
    codes: ['upstream_malformed_response', 'bare_line_ending'],
    className: 'response-leading-crlf',
    seen: ({ head }) => /^[\r\n]+HTTP\//.test(head),
  },
  {
    codes: ['invalid_content_length'],
    className: 'content-length-zeros',
    seen: ({ head }) => valuesOf(head, 'content-length').some(value => /^0\d/.test(value)),
  },
  {
    codes: ['invalid_content_length'],
    className: 'content-length-size',
    seen: ({ head }) => valuesOf(head, 'content-length').some(value => /^\d{16,}$/.test(value)),
  },
  {
    codes: ['unsupported_transfer_coding'],
    className: 'transfer-coding',
    seen: ({ head }) => {
      const codings = valuesOf(head, 'transfer-encoding');
      return (
        codings.length > 1 || codings.some(value => value.toLowerCase() !== 'chunked') || /chunked *\t/i.test(head)
      );
    },
  },
  {
    codes: ['unsupported_transfer_coding'],
    className: 'coding-in-1-0',
    seen: ({ line, head }) => line.includes('HTTP/1.0') && valuesOf(head, 'transfer-encoding').length > 0,
  },
  {
    codes: ['invalid_content_length', 'unsupported_transfer_coding'],
    className: 'length-of-bodiless',
    seen: ({ line, head }) =>
      /^HTTP\/1\.[01] (1\d\d|204)/.test(line) &&
      valuesOf(head, 'content-length').length + valuesOf(head, 'transfer-encoding').length > 0,
  },
  {
    codes: ['expectation_failed'],
    className: 'expectation',
    seen: ({ head }) => {
      const expectations = valuesOf(head, 'expect');
      return expectations.length > 1 || expectations.some(value => value.toLowerCase() !== '100-continue');
    },
  },
  {
    codes: ['malformed_header', 'invalid_upgrade', 'malformed_chunk'],
    className: 'connection-grammar',
    seen: ({ head, body }) =>
      [...valuesOf(head, 'connection'), ...valuesOf(trailersIn(body), 'connection')].some(
        value => !listOfTokens.test(value) || /\b(host|content-length)\b/i.test(value),
      ),
  },
  {
    codes: ['malformed_header', 'malformed_chunk'],
    className: 'underscore-name',
    seen: ({ head, body }) => foldingName.test(head) || foldingName.test(trailersIn(body)),
  },
  { codes: ['malformed_chunk'], className: 'chunk-grammar', seen: ({ body }) => hasOddChunkLine(body) },
  {
    codes: ['malformed_chunk'],
    className: 'trailer-framing',
    seen: ({ body }) => /^(host|content-length|transfer-encoding):/im.test(trailersIn(body)),
  },
  {
    codes: ['upstream_malformed_response'],
    className: 'status-line',
    seen: ({ line }) => /^HTTP\/1\.[01] ([06-9]\d\d|.*[\0-\x08\x0b\x0c\x0e-\x1f\x7f])/.test(line),
  },
];

/** Field lines after the last chunk. */
function trailersIn(body: string): string {
  const last = chunkLinesOf(body).at(-1);
  return last?.size === 0 ? /^(?:[^\r\n]+\r\n)*/.exec(body.slice(last.behind))![0] : '';
}

/** `text` begins with the refused message. Null when nothing in the text explains why we refuse what Node accepts. */
export function stricterClass(code: string, text: string): string | null {
  const line = /^[\r\n]*([^\r\n]*)/.exec(text)![1]!;
  const lineStart = text.indexOf(line);
  const headEnd = text.indexOf('\r\n\r\n', lineStart);
  const head = headEnd === -1 ? text : text.slice(0, headEnd + 2);
  const body = headEnd === -1 ? '' : text.slice(headEnd + 4);
  return rules.find(rule => rule.codes.includes(code) && rule.seen({ line, head, body }))?.className ?? null;
}

/** The class for messages after one with `close`: we read nothing there, while llhttp lets `keep-alive` win in HTTP/1.0. */
export function droppedClass(text: string): string | null {
  return /^connection:.*\bclose\b/im.test(text) || /HTTP\/1\.0/.test(text) ? 'nothing-behind-close' : null;
}

/** Every class that can be returned, for the test that compares differences.md with them. */
export const stricterClasses: readonly string[] = [...rules.map(rule => rule.className), 'nothing-behind-close'];
