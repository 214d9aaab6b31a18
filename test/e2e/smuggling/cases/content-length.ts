// Content-Length values that two parsers could take for different numbers.

import { hidden, passed, post, refused, type SmugglingCase } from '../smuggling-case.ts';

const malformed: readonly [string, string][] = [
  ['plus sign', '+5'],
  ['minus sign', '-5'],
  ['minus zero', '-0'],
  ['hexadecimal', '0x5'],
  ['octal prefix', '0o5'],
  ['leading zero', '05'],
  ['many leading zeros', '0000000005'],
  ['double zero', '00'],
  ['underscore between digits', '1_0'],
  ['comma between digits', '1,0'],
  ['equal list', '5, 5'],
  ['equal list without space', '5,5'],
  ['unequal list', '5, 0'],
  ['list with an empty element', '5,'],
  ['list that begins empty', ',5'],
  ['space between digits', '1 0'],
  ['tab between digits', '1\t0'],
  ['fraction', '5.0'],
  ['exponent', '5e0'],
  ['letters behind', '5a'],
  ['letters', 'abc'],
  ['semicolon', '5;'],
  ['parameter', '5;a=b'],
  ['quoted', '"5"'],
  ['empty', ''],
  ['only white space', ' \t '],
  ['2^53', '9007199254740992'],
  ['2^63', '9223372036854775808'],
  ['2^64 + 5', '18446744073709551621'],
  ['2^32 + 5 in hexadecimal', '0x100000005'],
  ['forty digits', '1'.repeat(40)],
  ['full-width digit in UTF-8', '\xef\xbc\x95'],
  ['superscript digit', '\xb2'],
  ['no-break space in front', '\xa05'],
  ['vertical tab in front', '\x0b5'],
  ['form feed behind', '5\x0c'],
  ['NUL behind', '5\x00'],
];

export const contentLengthCases: readonly SmugglingCase[] = [
  ...malformed.map(([name, value]) =>
    refused(`Content-Length: ${name}`, post([`Content-Length: ${value}`], `hello${hidden}`)),
  ),
  refused('two equal Content-Length fields', post(['Content-Length: 5', 'Content-Length: 5'], `hello${hidden}`)),
  refused(
    'two unequal Content-Length fields',
    post(['Content-Length: 5', `Content-Length: ${5 + hidden.length}`], `hello${hidden}`),
  ),
  refused(
    'two Content-Length fields in different case',
    post(['Content-Length: 5', 'CONTENT-LENGTH: 6'], `hello${hidden}`),
  ),
  refused('Content-Length twice, zero first', post(['Content-Length: 0', 'Content-Length: 5'], `hello${hidden}`)),
  refused('space before the colon', post(['Content-Length : 5'], `hello${hidden}`)),
  refused('tab before the colon', post(['Content-Length\t: 5'], `hello${hidden}`)),
  refused('folded Content-Length', post(['Content-Length:', ' 5'], `hello${hidden}`)),
  refused('folded second digit', post(['Content-Length: 1', ' 0'], `hello${hidden}`)),
  refused(
    'bare LF in front of Content-Length',
    `POST /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nX: y\nContent-Length: 5\r\n\r\nhello${hidden}`,
  ),
  refused(
    'bare CR in front of Content-Length',
    `POST /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nX: y\rContent-Length: 5\r\n\r\nhello${hidden}`,
  ),
  passed('white space around the value', post(['Content-Length: \t 5 \t'], 'hello')),
  passed('no white space before the value', post(['content-length:5'], 'hello')),
  passed(
    'a body that looks like a request',
    post([`Content-Length: ${hidden.replace('{id}', 'body-of-{id}').length}`], hidden.replace('{id}', 'body-of-{id}')),
    { forwarded: 1 },
  ),
  passed(
    'CL.0: a GET with a body',
    `GET /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\nhello`,
  ),
  passed(
    'CL.0: a HEAD with a body',
    `HEAD /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\nhello`,
  ),
  passed(
    'CL.0: an OPTIONS with a body',
    `OPTIONS /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\nhello`,
  ),
  passed(
    'CL.0: a DELETE with a body',
    `DELETE /public/{id} HTTP/1.1\r\nHost: gateway.test\r\nContent-Length: 5\r\n\r\nhello`,
  ),
];
