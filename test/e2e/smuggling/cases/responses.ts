// Responses that two parsers would delimit differently, and what the client may get of them.

export interface ResponseCase {
  readonly name: string;
  readonly bytes: string;
  /** Method of the request; GET when left out. */
  readonly method?: string;
  /** Whether the backend keeps the connection open after the bytes. */
  readonly keepOpen?: boolean;
  /**
   * `refused`: 502, and nothing of the response is passed on. `aborted`: 502, or a message that the client recognises as incomplete.
   * A number: that status, complete, with `body`.
   */
  readonly expect: 'refused' | 'aborted' | number;
  readonly body?: string;
}

const poison = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';

function answer(lines: readonly string[], body: string): string {
  return ['HTTP/1.1 200 OK', ...lines, '', ''].join('\r\n') + body;
}

const refused: readonly [string, string][] = [
  ['CL and TE', answer(['Content-Length: 5', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n')],
  ['TE and CL: 0', answer(['Transfer-Encoding: chunked', 'Content-Length: 0'], '5\r\nhello\r\n0\r\n\r\n')],
  ['two equal lengths', answer(['Content-Length: 5', 'Content-Length: 5'], 'hello')],
  ['two different lengths', answer(['Content-Length: 5', 'Content-Length: 6'], 'hello!')],
  ['a list of lengths', answer(['Content-Length: 5, 5'], 'hello')],
  ['a length with a sign', answer(['Content-Length: +5'], 'hello')],
  ['a negative length', answer(['Content-Length: -5'], 'hello')],
  ['a hexadecimal length', answer(['Content-Length: 0x5'], 'hello')],
  ['an empty length', answer(['Content-Length:'], 'hello')],
  ['a length beyond 2^64', answer(['Content-Length: 18446744073709551621'], 'hello')],
  ['chunked, gzip', answer(['Transfer-Encoding: chunked, gzip'], '0\r\n\r\n')],
  ['gzip, chunked', answer(['Transfer-Encoding: gzip, chunked'], '0\r\n\r\n')],
  ['an unknown coding', answer(['Transfer-Encoding: xchunked'], '0\r\n\r\n')],
  ['identity', answer(['Transfer-Encoding: identity'], 'hello')],
  ['two codings', answer(['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'], '0\r\n\r\n')],
  ['an empty coding', answer(['Transfer-Encoding:'], '0\r\n\r\n')],
  ['a tab behind chunked', answer(['Transfer-Encoding: chunked\t'], '5\r\nhello\r\n0\r\n\r\n')],
  ['a vertical tab before chunked', answer(['Transfer-Encoding: \x0bchunked'], '0\r\n\r\n')],
  ['space before the colon', answer(['Content-Length : 5'], 'hello')],
  ['a folded field', answer(['X-A: b', ' c', 'Content-Length: 5'], 'hello')],
  ['a bare LF in a field', answer(['X-A: b\nContent-Length: 0', 'Content-Length: 5'], 'hello')],
  ['a bare CR in a field (splitting)', answer(['X-A: b\rSet-Cookie: evil=1', 'Content-Length: 5'], 'hello')],
  ['NUL in a field', answer(['X-A: b\x00', 'Content-Length: 5'], 'hello')],
  ['a field without a colon', answer(['X-A', 'Content-Length: 5'], 'hello')],
  ['an empty field name', answer([': b', 'Content-Length: 5'], 'hello')],
  ['only LFs', 'HTTP/1.1 200 OK\nContent-Length: 5\n\nhello'],
  ['a bare CR behind the status line', 'HTTP/1.1 200 OK\rContent-Length: 5\r\n\r\nhello'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status below 100', 'HTTP/1.1 099 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status above 599', 'HTTP/1.1 700 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a status of letters', 'HTTP/1.1 abc OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['two spaces before the status', 'HTTP/1.1  200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['a tab before the status', 'HTTP/1.1\t200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['HTTP/2.0', 'HTTP/2.0 200 OK\r\nContent-Length: 5\r\n\r\nhello'],
  ['HTTP/0.9', '<html>hello</html>'],
  ['another protocol', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['TE in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n'],
  ['a head without end', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n'],
  ['nothing at all', ''],
  ['a head of 300 KiB', answer([`X-A: ${'a'.repeat(300_000)}`, 'Content-Length: 5'], 'hello')],
  [
    '101 without being asked',
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
  ],
  ['TE in a 204', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a length in a 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello'],
  [
    'a length in a 103',
    'HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
  ],
  ['1xx without end', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(2000)],
  ['a 100 and nothing more', 'HTTP/1.1 100 Continue\r\n\r\n'],
];

const aborted: readonly [string, string][] = [
  ['a body shorter than its length', answer(['Content-Length: 10'], 'hello')],
  ['chunks without an end', answer(['Transfer-Encoding: chunked'], '5\r\nhello\r\n')],
  ['a chunk cut short', answer(['Transfer-Encoding: chunked'], '5\r\nhel')],
  ['trailers without an end', answer(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n')],
  ['a chunk size with a sign', answer(['Transfer-Encoding: chunked'], '5\r\nhello\r\n+0\r\n\r\n')],
  ['a chunk size with a space', answer(['Transfer-Encoding: chunked'], '5 \r\nhello\r\n0\r\n\r\n')],
  ['a chunk size with 0x', answer(['Transfer-Encoding: chunked'], '0x5\r\nhello\r\n0\r\n\r\n')],
  ['a bare LF behind a chunk size', answer(['Transfer-Encoding: chunked'], '5\nhello\r\n0\r\n\r\n')],
  ['a bare LF behind chunk data', answer(['Transfer-Encoding: chunked'], '5\r\nhello\n0\r\n\r\n')],
  ['a bare CR in an extension', answer(['Transfer-Encoding: chunked'], '5;a\rb\r\nhello\r\n0\r\n\r\n')],
  ['data longer than the chunk', answer(['Transfer-Encoding: chunked'], '5\r\nhello!!\r\n0\r\n\r\n')],
  [
    'a framing field among the trailers',
    answer(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n'),
  ],
];

export const responseCases: readonly ResponseCase[] = [
  ...refused.map(([name, bytes]): ResponseCase => ({ name, bytes, expect: 'refused' })),
  ...aborted.map(([name, bytes]): ResponseCase => ({ name, bytes, expect: 'aborted' })),
  { name: 'a body', bytes: answer(['Content-Length: 5'], 'hello'), expect: 200, body: 'hello' },
  {
    name: 'a chunked body with trailers',
    bytes: answer(['Transfer-Encoding: chunked'], '5;a=b\r\nhello\r\n0\r\nX-A: b\r\n\r\n'),
    expect: 200,
    body: 'hello',
  },
  { name: 'a body until close', bytes: answer([], 'hello'), expect: 200, body: 'hello' },
  { name: 'a body until close in HTTP/1.0', bytes: 'HTTP/1.0 200 OK\r\n\r\nhello', expect: 200, body: 'hello' },
  {
    name: 'an interim answer first',
    bytes: `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n${answer(['Content-Length: 5'], 'hello')}`,
    expect: 200,
    body: 'hello',
  },
  { name: '204', bytes: 'HTTP/1.1 204 No Content\r\n\r\n', expect: 204, body: '' },
  { name: '304 with a length', bytes: 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', expect: 304, body: '' },
  { name: 'HEAD with a length', method: 'HEAD', bytes: answer(['Content-Length: 5'], ''), expect: 200, body: '' },
  {
    name: 'HEAD with chunked',
    method: 'HEAD',
    bytes: answer(['Transfer-Encoding: chunked'], ''),
    expect: 200,
    body: '',
  },
  // Bytes after a complete response reach no client: not this one, and above all not the next one on the connection.
  {
    name: 'a second answer behind a body',
    bytes: answer(['Content-Length: 5'], 'hello') + poison,
    keepOpen: true,
    expect: 200,
    body: 'hello',
  },
  {
    name: 'a second answer behind chunks',
    bytes: answer(['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n') + poison,
    keepOpen: true,
    expect: 200,
    body: 'hello',
  },
  {
    name: 'a second answer behind a 204',
    bytes: `HTTP/1.1 204 No Content\r\n\r\n${poison}`,
    keepOpen: true,
    expect: 204,
    body: '',
  },
  {
    name: 'a second answer behind a 304',
    bytes: `HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n${poison}`,
    keepOpen: true,
    expect: 304,
    body: '',
  },
  {
    name: 'HEAD with a body',
    method: 'HEAD',
    bytes: answer(['Content-Length: 45'], poison),
    keepOpen: true,
    expect: 200,
    body: '',
  },
  {
    name: 'a body longer than its length',
    bytes: answer(['Content-Length: 5'], 'hello, world'),
    keepOpen: true,
    expect: 200,
    body: 'hello',
  },
];
