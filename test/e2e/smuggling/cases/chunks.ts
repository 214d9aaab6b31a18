// Chunk sizes, extensions, line ends and trailers that two parsers could read differently.

import { hidden, passed, post, refused, type SmugglingCase } from '../smuggling-case.ts';

function chunked(body: string): string {
  return post(['Transfer-Encoding: chunked'], body);
}

const bad: readonly [string, string][] = [
  ['hexadecimal prefix', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['plus sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['minus sign', '-5\r\nhello\r\n0\r\n\r\n'],
  ['minus zero', '5\r\nhello\r\n-0\r\n\r\n'],
  ['space in front of the size', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['space behind the size', '5 \r\nhello\r\n0\r\n\r\n'],
  ['tab behind the size', '5\t\r\nhello\r\n0\r\n\r\n'],
  ['underscore', '1_0\r\n0123456789abcdef\r\n0\r\n\r\n'],
  ['a letter that is no digit', '5g\r\nhello\r\n0\r\n\r\n'],
  ['an empty size', '\r\nhello\r\n0\r\n\r\n'],
  ['2^64 + 5', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['sixteen F', 'ffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ['zeros without end', `${'0'.repeat(600)}5\r\nhello\r\n0\r\n\r\n`],
  ['NUL behind the size', '5\x00\r\nhello\r\n0\r\n\r\n'],
  ['bare LF behind the size', '5\nhello\r\n0\r\n\r\n'],
  ['bare CR behind the size', '5\rhello\r\n0\r\n\r\n'],
  ['CR CR LF behind the size', '5\r\r\nhello\r\n0\r\n\r\n'],
  ['bare LF behind the data', '5\r\nhello\n0\r\n\r\n'],
  ['nothing behind the data', '5\r\nhello0\r\n\r\n'],
  ['data longer than the size', '5\r\nhello!!\r\n0\r\n\r\n'],
  ['two line ends behind the data', '5\r\nhello\r\n\r\n0\r\n\r\n'],
  ['extension without a name', '5;\r\nhello\r\n0\r\n\r\n'],
  ['extension without a value', '5;a=\r\nhello\r\n0\r\n\r\n'],
  ['extension with a bare LF (TERM.EXT)', `5;a\nhello\r\n0\r\n\r\n`],
  ['extension with a bare CR (EXT.TERM)', '5;a\rX\r\nhello\r\n0\r\n\r\n'],
  ['extension with NUL', '5;a=\x00\r\nhello\r\n0\r\n\r\n'],
  ['extension with a quote left open', '5;a="b\r\nhello\r\n0\r\n\r\n'],
  ['extension with a line end inside quotes', '5;a="\r\nhello"\r\n0\r\n\r\n'],
  ['extension of 64 KiB', `5;${'a'.repeat(65_536)}\r\nhello\r\n0\r\n\r\n`],
  [
    'extensions of 1 byte chunks, 64 KiB in all',
    `${'1;aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\nx\r\n'.repeat(2048)}0\r\n\r\n`,
  ],
  ['bare LF behind the last chunk', `5\r\nhello\r\n0\n\r\n${hidden}`],
  ['bare LF as the end of the trailers', `5\r\nhello\r\n0\r\n\n${hidden}`],
  ['bare CR as the end of the trailers', `5\r\nhello\r\n0\r\n\r${hidden}`],
  ['last chunk with a space', '5\r\nhello\r\n0 \r\n\r\n'],
  ['a comma in the size', '5,5\r\nhello\r\n0\r\n\r\n'],
];

const trailers: readonly [string, string][] = [
  ['Content-Length', 'Content-Length: 50'],
  ['Transfer-Encoding', 'Transfer-Encoding: chunked'],
  ['Host', 'Host: evil.test'],
];

const malformedTrailers: readonly [string, string][] = [
  ['space before the colon', 'X : y'],
  ['no colon', 'X'],
  ['folded', 'X: y\r\n z'],
  ['bare LF', 'X: y\nZ: z'],
  ['bare CR', 'X: y\rZ: z'],
  ['a request line', 'GET /smuggled/{id} HTTP/1.1'],
];

export const chunkCases: readonly SmugglingCase[] = [
  ...bad.map(([name, body]) => refused(`chunk: ${name}`, chunked(body + hidden))),
  ...trailers.map(([name, line]) => refused(`trailer: ${name}`, chunked(`5\r\nhello\r\n0\r\n${line}\r\n\r\n`))),
  ...malformedTrailers.map(([name, line]) =>
    refused(`trailer: ${name}`, chunked(`5\r\nhello\r\n0\r\n${line}\r\n\r\n`)),
  ),
  passed(
    'trailer: Authorization is not passed as a header',
    chunked('5\r\nhello\r\n0\r\nAuthorization: Bearer evil\r\n\r\n'),
    {
      status: [200, 400],
      absent: ['authorization'],
    },
  ),
  passed('trailer: Connection is not obeyed', chunked('5\r\nhello\r\n0\r\nConnection: close\r\n\r\n'), {
    status: [200, 400],
    absent: ['connection: close'],
  }),
  passed(
    'trailer: X-Forwarded-For is not believed',
    chunked('5\r\nhello\r\n0\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n'),
    { status: [200, 400] },
  ),
  passed('chunk: an extension', chunked('5;a=b;c="d\\"e"\r\nhello\r\n0;f\r\n\r\n')),
  passed('chunk: digits in capitals and leading zeros', chunked('000A\r\n0123456789\r\n00\r\n\r\n')),
  passed('chunk: data that looks like an end', chunked('5\r\n0\r\n\r\n\r\n0\r\n\r\n')),
  passed(
    'chunk: data that looks like a request',
    chunked(`5c\r\n${`GET /chunk-of-{id} HTTP/1.1\r\n`.padEnd(92, 'x')}\r\n0\r\n\r\n`),
    { status: [200, 400], forwarded: 1 },
  ),
];
