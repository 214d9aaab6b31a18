// Says which class of differences.md a refusal of ours falls in that Node does not share. The check is on the text itself
// and knows nothing of our parser: a refusal whose reason cannot be seen in the message has no class, and fails the run.

interface Rule {
  /** Problem codes that the class explains. */
  readonly codes: readonly string[];
  readonly className: string;
  readonly seen: (text: string) => boolean;
}

const field = (name: string, value: string): RegExp => new RegExp(`^${name}:[ \\t]*${value}[ \\t]*\\r?$`, 'im');

/** Heads: stretches up to an empty line, as far as a look at the text can tell them. */
function heads(text: string): string[] {
  return text.split(/\r\n\r\n/).map(head => `${head}\r\n`);
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

const requestLine = /^[^ \r\n]* [^ \r\n]* HTTP\/\d\.\d\r$/m;
const lengths = (text: string): string[] =>
  [...text.matchAll(/^content-length:[ \t]*(.*?)[ \t]*\r?$/gim)].map(match => match[1]!);
const codings = (text: string): string[] =>
  [...text.matchAll(/^transfer-encoding:[ \t]*(.*?)[ \t]*\r?$/gim)].map(match => match[1]!);
const hostValues = (text: string): string[] =>
  [...text.matchAll(/^host:[ \t]*(.*?)[ \t]*\r?$/gim)].map(match => match[1]!);
const targetsOf = (text: string): string[] =>
  [...text.matchAll(/^[!-~]* ([^\r\n]*) (?:HTTP|RTSP|ICE)\/\d/gm)].map(match => match[1]!);
const authorities = (text: string): string[] =>
  targetsOf(text).flatMap(target => /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1] ?? []);

/** What names a server, as plainly as it can be said: a name or an address, and a port up to 65535. */
function namesServer(host: string): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9_][a-z0-9._~-]*)(?::(\d{1,5}))?$/i.exec(host);
  return match !== null && Number(match[2] ?? 0) <= 65_535 && match[1]!.length < 255;
}

const rules: readonly Rule[] = [
  {
    codes: ['invalid_host'],
    className: 'missing-host',
    seen: text => heads(text).some(head => requestLine.test(head) && !/^host:[ \t]*[^ \t\r]/im.test(head)),
  },
  {
    codes: ['invalid_host'],
    className: 'several-hosts',
    seen: text => heads(text).some(head => count(head, /^host:/gim) > 1),
  },
  {
    codes: ['invalid_host', 'malformed_target'],
    className: 'host-grammar',
    seen: text => [...hostValues(text), ...authorities(text)].some(host => !namesServer(host)),
  },
  {
    codes: ['invalid_host'],
    className: 'host-mismatch',
    seen: text =>
      authorities(text).some(authority =>
        hostValues(text).some(host => host.toLowerCase() !== authority.toLowerCase()),
      ),
  },
  {
    codes: ['malformed_target'],
    className: 'fragment',
    seen: text => targetsOf(text).some(target => target.includes('#')),
  },
  {
    codes: ['malformed_target'],
    className: 'target-bytes',
    seen: text => targetsOf(text).some(target => /[^!-~]/.test(target)),
  },
  { codes: ['malformed_target'], className: 'asterisk-form', seen: text => /^(?!OPTIONS )[!-~]* \* HTTP/m.test(text) },
  {
    codes: ['malformed_target'],
    className: 'target-grammar',
    seen: text => targetsOf(text).some(target => !/^(\/|https?:\/\/[^/?#]|\*$)/i.test(target)),
  },
  { codes: ['method_not_implemented'], className: 'connect', seen: text => /CONNECT /.test(text) },
  {
    codes: [
      'malformed_request_line',
      'unsupported_version',
      'malformed_target',
      'invalid_host',
      'upstream_malformed_response',
      'method_not_implemented',
    ],
    className: 'other-protocol',
    seen: text => /^(?:[!-~]+ [!-~]+ )?(RTSP|ICE)\//m.test(text),
  },
  {
    codes: [
      'malformed_request_line',
      'unsupported_version',
      'malformed_target',
      'upstream_malformed_response',
      'invalid_host',
      'bare_line_ending',
    ],
    className: 'http-version',
    seen: text => /^[!-~]+ [!-~]+ ?\r?$/m.test(text) || /HTTP\/(0\.9|2\.0)/.test(text),
  },
  {
    codes: ['malformed_request_line'],
    className: 'request-line-spaces',
    seen: text => /[!-~]+ (?: +[^ ]+|[^ ]+ +) HTTP\/1/.test(text),
  },
  {
    codes: ['malformed_request_line', 'bare_line_ending'],
    className: 'leading-crlf',
    seen: text =>
      /^[\r\n]/.test(text) ||
      /[\r\n]{3,}[!-~]+ [!-~]+ HTTP/.test(text) ||
      /(\r|\n)[\r\n]*[!-~]+ [!-~]+ HTTP/.test(text),
  },
  {
    codes: ['upstream_malformed_response', 'bare_line_ending'],
    className: 'response-leading-crlf',
    seen: text => /(^|\r\n\r\n)[\r\n]+HTTP\//.test(text),
  },
  {
    codes: ['invalid_content_length'],
    className: 'content-length-zeros',
    seen: text => lengths(text).some(value => /^0\d/.test(value)),
  },
  {
    codes: ['invalid_content_length'],
    className: 'content-length-size',
    seen: text => lengths(text).some(value => /^\d{16,}$/.test(value)),
  },
  {
    codes: ['unsupported_transfer_coding'],
    className: 'transfer-coding',
    seen: text =>
      heads(text).some(head => codings(head).length > 1) ||
      codings(text).some(value => value.toLowerCase() !== 'chunked'),
  },
  {
    codes: ['unsupported_transfer_coding'],
    className: 'coding-in-1-0',
    seen: text => heads(text).some(head => /HTTP\/1\.0/.test(head) && codings(head).length > 0),
  },
  {
    codes: ['invalid_content_length', 'unsupported_transfer_coding'],
    className: 'length-of-bodiless',
    seen: text =>
      heads(text).some(
        head => /HTTP\/1\.[01] (1\d\d|204)/.test(head) && (lengths(head).length > 0 || codings(head).length > 0),
      ),
  },
  {
    codes: ['expectation_failed'],
    className: 'expectation',
    seen: text =>
      heads(text).some(
        head =>
          count(head, /^expect:/gim) > 1 || (/^expect:/im.test(head) && !field('expect', '100-continue').test(head)),
      ),
  },
  {
    codes: ['malformed_header', 'invalid_upgrade'],
    className: 'connection-grammar',
    seen: text =>
      [...text.matchAll(/^connection:[ \t]*(.*?)[ \t]*\r?$/gim)].some(
        match =>
          !/^[ \t,]*([!#$%&'*+.^_`|~0-9A-Za-z-]+([ \t]*,[ \t,]*|[ \t]*$))*$/.test(match[1]!) ||
          /\b(host|content-length)\b/i.test(match[1]!),
      ),
  },
  {
    codes: ['malformed_chunk'],
    className: 'chunk-grammar',
    seen: text =>
      /^[0-9a-f]+[ \t;][^\r\n]*[ \t"=;\\][^\r\n]*\r$/im.test(text) ||
      /^[0-9a-f]{14,}/im.test(text) ||
      /^[0-9a-f]+;[^\r\n]*[^!-~\t ][^\r\n]*\r$/im.test(text),
  },
  {
    codes: ['malformed_chunk'],
    className: 'trailer-framing',
    seen: text => /^0+(;[^\r\n]*)?\r\n([^\r\n]+\r\n)*(host|content-length|transfer-encoding):/im.test(text),
  },
  {
    codes: ['upstream_malformed_response'],
    className: 'status-line',
    seen: text => /^HTTP\/1\.[01] ([06-9]\d\d|.*[\0-\x08\x0b\x0c\x0e-\x1f\x7f])/m.test(text),
  },
];

/** The class that explains why we refuse with `code` what Node accepts; null when nothing in the text does. */
export function stricterClass(code: string, text: string): string | null {
  return rules.find(rule => rule.codes.includes(code) && rule.seen(text))?.className ?? null;
}

/** The class for messages behind one that says `close`: we read nothing there, llhttp lets `keep-alive` win in HTTP/1.0. */
export function droppedClass(text: string): string | null {
  return /^connection:.*\bclose\b/im.test(text) || /HTTP\/1\.0/.test(text) ? 'nothing-behind-close' : null;
}

/** Every class that a rule can give, for the test that holds differences.md to them. */
export const stricterClasses: readonly string[] = [...rules.map(rule => rule.className), 'nothing-behind-close'];
