// Header names and values that a backend could fold into others, hop-by-hop headers, and headers that Connection names.

import { head, hidden, passed, post, refused, type SmugglingCase } from '../smuggling-case.ts';

const bad: readonly [string, string][] = [
  ['space before the colon', 'X-A : b'],
  ['tab before the colon', 'X-A\t: b'],
  ['empty name', ': b'],
  ['no colon', 'X-A'],
  ['a space in the name', 'X A: b'],
  ['brackets in the name', 'X[A]: b'],
  ['a slash in the name', 'X/A: b'],
  ['NUL in the name', 'X\x00A: b'],
  ['a byte above ASCII in the name', 'X\xe9: b'],
  ['folded with a space', 'X-A: b\r\n c'],
  ['folded with a tab', 'X-A: b\r\n\tc'],
  ['folded hidden field', 'X-A: b\r\n Transfer-Encoding: chunked'],
  ['NUL in the value', 'X-A: b\x00c'],
  ['BEL in the value', 'X-A: b\x07c'],
  ['DEL in the value', 'X-A: b\x7fc'],
  ['vertical tab in the value', 'X-A: b\x0bc'],
  ['bare CR in the value', 'X-A: b\rc'],
  ['bare LF in the value', 'X-A: b\nX-B: c'],
];

const nominated: readonly string[] = ['content-length', 'Content-Length', 'host', 'Host'];

const hopByHop: readonly [string, string][] = [
  ['Keep-Alive', 'timeout=5'],
  ['Proxy-Connection', 'keep-alive'],
  ['TE', 'trailers'],
  ['Proxy-Authorization', 'Basic c2VjcmV0'],
  ['HTTP2-Settings', 'AAMAAABkAARAAAAAAAIAAAAA'],
];

export const headerFieldCases: readonly SmugglingCase[] = [
  ...bad.map(([name, line]) => refused(`header: ${name}`, head('GET /public/{id} HTTP/1.1', line))),
  refused('header: white space in front of the first', 'GET /public/{id} HTTP/1.1\r\n Host: gateway.test\r\n\r\n'),
  refused('header: an empty line of white space first', 'GET /public/{id} HTTP/1.1\r\n \r\nHost: gateway.test\r\n\r\n'),
  ...nominated.map(name =>
    refused(`Connection names ${name}`, post([`Connection: ${name}`, 'Content-Length: 5'], `hello`)),
  ),
  passed(
    'Connection names transfer-encoding',
    post(['Connection: transfer-encoding', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'),
    { status: [200, 400] },
  ),
  passed(
    'Connection names a field of the client',
    head('GET /public/{id} HTTP/1.1', 'Connection: x-secret', 'X-Secret: 1'),
    { absent: ['x-secret'] },
  ),
  passed(
    'Connection names x-forwarded-for: the gateway still tells',
    head('GET /public/{id} HTTP/1.1', 'Connection: x-forwarded-for, x-forwarded-proto'),
    {
      status: [200, 400],
      present: [['x-forwarded-for', '127.0.0.1']],
    },
  ),
  passed(
    'Connection names x-request-id: the gateway still tells',
    head('GET /public/{id} HTTP/1.1', 'Connection: x-request-id'),
    { status: [200, 400] },
  ),
  passed('Connection: close goes no further', head('GET /public/{id} HTTP/1.1', 'Connection: close'), {
    absent: ['connection: close'],
  }),
  passed('close and a named field', head('GET /public/{id} HTTP/1.1', 'Connection: close, x-a', 'X-A: 1'), {
    absent: ['x-a', 'connection: close'],
  }),
  ...hopByHop.map(([name, value]) =>
    passed(`${name} goes no further`, head('GET /public/{id} HTTP/1.1', `${name}: ${value}`), {
      absent: [name.toLowerCase()],
    }),
  ),
  passed(
    'two Connection fields',
    head('GET /public/{id} HTTP/1.1', 'Connection: x-a', 'Connection: x-b', 'X-A: 1', 'X-B: 2'),
    { absent: ['x-a', 'x-b'] },
  ),
  passed(
    'X-Forwarded-For of a stranger is not believed',
    head('GET /public/{id} HTTP/1.1', 'X-Forwarded-For: 203.0.113.9'),
    { present: [['x-forwarded-for', '127.0.0.1']] },
  ),
  passed(
    'X-Forwarded-Host of a stranger is not believed',
    head('GET /public/{id} HTTP/1.1', 'X-Forwarded-Host: evil.test'),
    { present: [['x-forwarded-host', 'gateway.test']] },
  ),
  passed(
    'X-Forwarded-Proto of a stranger is not believed',
    head('GET /public/{id} HTTP/1.1', 'X-Forwarded-Proto: https'),
    { present: [['x-forwarded-proto', 'http']] },
  ),
  passed('underscore: content_length', head('GET /public/{id} HTTP/1.1', 'Content_Length: 50'), {
    status: [200, 400],
    absent: ['content_length'],
  }),
  passed('underscore: transfer_encoding', head('GET /public/{id} HTTP/1.1', 'Transfer_Encoding: chunked'), {
    status: [200, 400],
    absent: ['transfer_encoding'],
  }),
  passed('underscore: x_forwarded_for', head('GET /public/{id} HTTP/1.1', 'X_Forwarded_For: 203.0.113.9'), {
    status: [200, 400],
    absent: ['x_forwarded_for'],
  }),
  refused(
    'Content-Length behind a long header',
    post([`X-A: ${'a'.repeat(70_000)}`, 'Content-Length: 5'], `hello${hidden}`),
    [400, 431],
  ),
  refused(
    'a thousand headers',
    head('GET /public/{id} HTTP/1.1', ...Array.from({ length: 1000 }, (_all, at) => `X-${at}: a`)),
    [400, 431],
  ),
];
