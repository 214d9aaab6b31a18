// CL.TE, TE.CL and TE.TE: two framings in one message, or a coding that not every parser recognises.

import { hidden, passed, post, refused, type SmugglingCase } from '../smuggling-case.ts';

const chunkedEnd = '0\r\n\r\n';

const codings: readonly [string, string][] = [
  ['xchunked', 'xchunked'],
  ['chunked twice', 'chunked, chunked'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['gzip, chunked', 'gzip, chunked'],
  ['chunked, gzip', 'chunked, gzip'],
  ['chunked, identity', 'chunked, identity'],
  ['identity, chunked', 'identity, chunked'],
  ['leading comma', ', chunked'],
  ['trailing comma', 'chunked,'],
  ['parameter', 'chunked;q=1'],
  ['parameter with space', 'chunked ; a=b'],
  ['quoted', '"chunked"'],
  ['single-quoted', "'chunked'"],
  ['empty', ''],
  ['vertical tab in front', '\x0bchunked'],
  ['form feed in front', '\x0cchunked'],
  ['NUL behind', 'chunked\x00'],
  ['no-break space in front', '\xa0chunked'],
  ['NEL behind', 'chunked\x85'],
  ['a letter missing', 'chunke'],
  ['a letter more', 'chunkedd'],
  ['zero-width space in UTF-8', 'chunked\xe2\x80\x8b'],
  ['Kelvin sign in UTF-8', 'chun\xe2\x84\xaaed'],
  ['tab behind', 'chunked\t'],
  ['tab inside', 'chun\tked'],
  ['space inside', 'chun ked'],
  ['backslash', 'chunked\\'],
  ['equals sign', 'chunked=true'],
];

const names: readonly [string, string][] = [
  ['space before the colon', 'Transfer-Encoding : chunked'],
  ['tab before the colon', 'Transfer-Encoding\t: chunked'],
  ['space in front of the name', ' Transfer-Encoding: chunked'],
  ['tab in front of the name', '\tTransfer-Encoding: chunked'],
  ['folded value', 'Transfer-Encoding:\r\n chunked'],
  ['folded with a tab', 'Transfer-Encoding:\r\n\tchunked'],
  ['bare LF in front', 'X: y\nTransfer-Encoding: chunked'],
  ['bare CR in front', 'X: y\rTransfer-Encoding: chunked'],
  ['NUL in the name', 'Transfer\x00-Encoding: chunked'],
  ['no colon', 'Transfer-Encoding chunked'],
  ['quoted name', '"Transfer-Encoding": chunked'],
  ['bare CR behind the name', 'Transfer-Encoding\r: chunked'],
  ['vertical tab behind the name', 'Transfer-Encoding\x0b: chunked'],
  ['byte above ASCII in the name', 'Transfer\xadEncoding: chunked'],
];

export const transferEncodingCases: readonly SmugglingCase[] = [
  refused(
    'CL.TE',
    post([`Content-Length: ${(chunkedEnd + hidden).length}`, 'Transfer-Encoding: chunked'], chunkedEnd + hidden),
  ),
  refused('TE.CL', post(['Transfer-Encoding: chunked', 'Content-Length: 4'], `5c\r\n${hidden}\r\n0\r\n\r\n`)),
  refused(
    'CL.TE with Content-Length: 0',
    post(['Content-Length: 0', 'Transfer-Encoding: chunked'], chunkedEnd + hidden),
  ),
  refused(
    'TE and an agreeing CL',
    post(['Transfer-Encoding: chunked', `Content-Length: ${chunkedEnd.length}`], chunkedEnd),
  ),
  refused('CL beside an unknown coding', post(['Content-Length: 5', 'Transfer-Encoding: x'], `hello${hidden}`)),
  refused('CL beside an empty coding', post(['Content-Length: 5', 'Transfer-Encoding:'], `hello${hidden}`)),
  refused(
    'CL beside Chunked in capitals',
    post(['Content-Length: 5', 'TRANSFER-ENCODING: CHUNKED'], chunkedEnd + hidden),
  ),
  refused(
    'TE.TE: two fields, chunked last',
    post(['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], chunkedEnd + hidden),
  ),
  refused(
    'TE.TE: two fields, chunked first',
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: x'], chunkedEnd + hidden),
  ),
  refused(
    'TE.TE: chunked in two fields',
    post(['Transfer-Encoding: chunked', 'transfer-encoding: chunked'], chunkedEnd + hidden),
  ),
  refused(
    'TE.TE: a second empty field',
    post(['Transfer-Encoding: chunked', 'Transfer-Encoding: '], chunkedEnd + hidden),
  ),
  ...codings.map(([name, value]) =>
    refused(`Transfer-Encoding: ${name}`, post([`Transfer-Encoding: ${value}`], chunkedEnd + hidden)),
  ),
  ...names.map(([name, line]) =>
    refused(`Transfer-Encoding, ${name}`, post(['Content-Length: 5', line], `hello${hidden}`)),
  ),
  refused(
    'TE in HTTP/1.0',
    `POST /public/{id} HTTP/1.0\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedEnd}${hidden}`,
  ),
  refused(
    'TE in HTTP/1.0, kept alive',
    `POST /public/{id} HTTP/1.0\r\nHost: gateway.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunkedEnd}${hidden}`,
  ),
  refused(
    'TE and CL in HTTP/1.0',
    `POST /public/{id} HTTP/1.0\r\nHost: gateway.test\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello${hidden}`,
  ),
  passed('chunked in capitals', post(['Transfer-Encoding: CHUNKED'], `5\r\nhello\r\n${chunkedEnd}`)),
  passed('a space behind chunked', post(['Transfer-Encoding: chunked '], `5\r\nhello\r\n${chunkedEnd}`)),
  passed(
    'TE.0: a chunked GET',
    `GET /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${chunkedEnd}`,
  ),
  passed(
    'TE.0: a chunked HEAD',
    `HEAD /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n${chunkedEnd}`,
  ),
  passed('a TE field beside a plain body', post(['TE: trailers, chunked', 'Content-Length: 5'], 'hello'), {
    absent: ['te'],
  }),
];
